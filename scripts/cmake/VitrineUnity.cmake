# vitrine_compile_together(TARGET)
#
# With VITRINE_UNITY the sources of a target compile a few at a time as one file, which takes a
# third of the time: what they include is read once. Files that define the same name in an unnamed
# namespace are kept apart by unity_groups.awk. The debug preset compiles every file by itself, so
# that none leans on what its neighbour includes.
option(VITRINE_UNITY "Compile sources a few at a time: sooner from scratch" OFF)
set(VITRINE_UNITY_FILES 8 CACHE STRING "With VITRINE_UNITY: the most files compiled as one")

function(vitrine_compile_together target)
  if(NOT VITRINE_UNITY)
    return()
  endif()
  get_target_property(sources ${target} SOURCES)
  execute_process(
    COMMAND awk -v most=${VITRINE_UNITY_FILES}
            -f ${PROJECT_SOURCE_DIR}/scripts/cmake/unity_groups.awk ${sources}
    WORKING_DIRECTORY ${CMAKE_CURRENT_SOURCE_DIR} OUTPUT_VARIABLE groups COMMAND_ERROR_IS_FATAL ANY)
  string(REGEX MATCHALL "[^\n]+" lines "${groups}")
  foreach(line ${lines})
    string(REGEX MATCH "^(.*)\t(.*)$" _ ${line})
    set_source_files_properties(${CMAKE_MATCH_1} PROPERTIES UNITY_GROUP ${CMAKE_MATCH_2})
  endforeach()
  set_target_properties(${target} PROPERTIES UNITY_BUILD ON UNITY_BUILD_MODE GROUP)
  # A type with members of an unnamed namespace looks like a mistake to a compiler that takes the
  # source for a header.
  target_compile_options(${target} PRIVATE $<$<CXX_COMPILER_ID:GNU>:-Wno-subobject-linkage>)
endfunction()
