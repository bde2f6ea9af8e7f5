# What `cmake --install` puts where, in two parts. `core`: headers and the libraries up to the engine
# and its life cycle, for a program that embeds Vitrine (docs/embedding.md). `grpc`: the binary, the
# protos, server and client. `--component core` installs the one without the other.
include(CMakePackageConfigHelpers)
set(package_folder ${CMAKE_INSTALL_LIBDIR}/cmake/vitrine)

set_target_properties(vitrine_abi PROPERTIES EXPORT_NAME abi)
install(TARGETS vitrine_abi EXPORT vitrine-core COMPONENT core)
install(DIRECTORY include/vitrine DESTINATION ${CMAKE_INSTALL_INCLUDEDIR} COMPONENT core
  PATTERN server EXCLUDE PATTERN client EXCLUDE)
install(EXPORT vitrine-core NAMESPACE vitrine:: DESTINATION ${package_folder} COMPONENT core)

write_basic_package_version_file(${CMAKE_CURRENT_BINARY_DIR}/vitrineConfigVersion.cmake
  COMPATIBILITY SameMinorVersion)
install(FILES scripts/cmake/vitrineConfig.cmake scripts/cmake/VitrineDependencies.cmake
              ${CMAKE_CURRENT_BINARY_DIR}/vitrineConfigVersion.cmake
  DESTINATION ${package_folder} COMPONENT core)
install(FILES LICENSE DESTINATION share/doc/vitrine COMPONENT core)

if(VITRINE_GRPC)
  foreach(module server client)
    install(DIRECTORY include/vitrine/${module} DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/vitrine
      COMPONENT grpc OPTIONAL)
  endforeach()
  install(FILES docs/vitrine.example.toml DESTINATION share/doc/vitrine COMPONENT grpc)
  install(EXPORT vitrine-grpc NAMESPACE vitrine:: DESTINATION ${package_folder} COMPONENT grpc)
  if(TARGET vitrine)
    install(TARGETS vitrine RUNTIME COMPONENT grpc)
    include(VitrinePackage)
  endif()
endif()
