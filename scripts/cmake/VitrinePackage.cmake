# The Debian package: `cpack -G DEB` in the build folder. It holds the part `package`, which a plain
# `cmake --install` leaves out, since it goes to places of the system: docs/ops/install.md.
set(packaging ${PROJECT_SOURCE_DIR}/packaging)
install(TARGETS vitrine RUNTIME COMPONENT package EXCLUDE_FROM_ALL)
install(FILES ${packaging}/vitrine.service DESTINATION /lib/systemd/system
  COMPONENT package EXCLUDE_FROM_ALL)
install(FILES ${PROJECT_SOURCE_DIR}/docs/vitrine.example.toml DESTINATION /etc/vitrine
  RENAME vitrine.toml COMPONENT package EXCLUDE_FROM_ALL)
install(FILES ${PROJECT_SOURCE_DIR}/LICENSE DESTINATION share/doc/vitrine RENAME copyright
  COMPONENT package EXCLUDE_FROM_ALL)
install(FILES ${packaging}/vitrine.1 DESTINATION share/man/man1
  COMPONENT package EXCLUDE_FROM_ALL)

set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME vitrine)
set(CPACK_PACKAGE_VERSION ${PROJECT_VERSION})
set(CPACK_PACKAGE_CONTACT "Vitrine <vitrine@localhost>")
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_STRIP_FILES ON)
set(CPACK_DEB_COMPONENT_INSTALL ON)
set(CPACK_COMPONENTS_ALL package)
set(CPACK_COMPONENTS_GROUPING IGNORE)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_PACKAGE_NAME vitrine)
set(CPACK_DEBIAN_PACKAGE_PACKAGE_SHLIBDEPS ON)  # Which libraries it wants, the binary says.
set(CPACK_DEBIAN_PACKAGE_PACKAGE_DEPENDS passwd)
set(CPACK_DEBIAN_PACKAGE_PACKAGE_SECTION net)
set(CPACK_DEBIAN_PACKAGE_PACKAGE_CONTROL_EXTRA ${packaging}/postinst ${packaging}/prerm
                                               ${packaging}/postrm ${packaging}/conffiles)
set(CPACK_DEBIAN_PACKAGE_DESCRIPTION "Recommendations for a shop that react to the last click
 One process takes a shop's catalogue and events and answers over gRPC what a
 shopper should see here and now. It needs a processor with AVX2.")
include(CPack)
