# Installs the part that programs embed, builds the example program against it as its own project,
# runs it, looks at what it prints, and compares docs/embedding.md, which quotes it. Wants BUILD
# (Vitrine's build folder), SOURCE (this folder), WORK (made anew), GENERATOR, COMPILER and LAUNCHER
# (may be empty).
cmake_minimum_required(VERSION 3.25)
foreach(quoted CMakeLists.txt main.cc)
  file(READ ${SOURCE}/${quoted} text)
  file(READ ${SOURCE}/../../docs/embedding.md page)
  string(FIND "${page}" "${text}" at)
  if(at EQUAL -1)
    message(FATAL_ERROR "docs/embedding.md does not quote tests/embedding/${quoted} as it is")
  endif()
endforeach()

file(REMOVE_RECURSE ${WORK})

execute_process(
  COMMAND ${CMAKE_COMMAND} --install ${BUILD} --prefix ${WORK}/installed --component core
  OUTPUT_QUIET COMMAND_ERROR_IS_FATAL ANY)
file(GLOB_RECURSE wire ${WORK}/installed/*.pb.h ${WORK}/installed/*grpc*)
if(wire)
  message(FATAL_ERROR "the part without gRPC brings ${wire}")
endif()

execute_process(
  COMMAND ${CMAKE_COMMAND} -S ${SOURCE} -B ${WORK}/build -G ${GENERATOR}
          -DCMAKE_BUILD_TYPE=Release -DCMAKE_PREFIX_PATH=${WORK}/installed
          -DCMAKE_CXX_COMPILER=${COMPILER} -DCMAKE_CXX_COMPILER_LAUNCHER=${LAUNCHER}
  COMMAND_ERROR_IS_FATAL ANY)
execute_process(COMMAND ${CMAKE_COMMAND} --build ${WORK}/build COMMAND_ERROR_IS_FATAL ANY)

execute_process(COMMAND ${WORK}/build/embedding
  OUTPUT_VARIABLE printed COMMAND_ERROR_IS_FATAL ANY)
message("${printed}")
set(rake "  [a-z]+-rake [^\n]*taste for category: Garden[^\n]*\n")
if(NOT printed MATCHES "known of ann:\n[^\n]*; popular[^\n]*\n.*red-rake:\n${rake}${rake}${rake}")
  message(FATAL_ERROR "not the lists that were expected")
endif()
