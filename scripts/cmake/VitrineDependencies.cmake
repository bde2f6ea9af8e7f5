# Every third-party package that the libraries need, from the system. An installed Vitrine reads this
# file too: VITRINE_GRPC says whether the part that speaks gRPC is wanted.
find_package(absl CONFIG REQUIRED)
find_package(Eigen3 3.4 CONFIG REQUIRED NO_MODULE)
find_package(fmt CONFIG REQUIRED)
find_package(spdlog CONFIG REQUIRED)
find_package(Threads REQUIRED)
find_package(OpenSSL REQUIRED)
find_package(RocksDB CONFIG REQUIRED)
find_package(PkgConfig REQUIRED)
pkg_check_modules(XXHASH REQUIRED IMPORTED_TARGET libxxhash)
pkg_check_modules(UTF8PROC REQUIRED IMPORTED_TARGET libutf8proc)
if(VITRINE_GRPC)
  find_package(Protobuf REQUIRED)  # Module mode: Debian's 3.21 ships no config file.
  find_package(gRPC CONFIG REQUIRED)
  find_package(nlohmann_json CONFIG REQUIRED)
  find_package(prometheus-cpp CONFIG REQUIRED)
  pkg_check_modules(HTTPLIB REQUIRED IMPORTED_TARGET cpp-httplib)
endif()
