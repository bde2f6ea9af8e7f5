# Shows that layering.cmake can fail: runs it on made-up trees with one thing wrong in each.
#
#   cmake -DWORK=<an empty folder to use> -P tests/layering_test.cmake
cmake_minimum_required(VERSION 3.25)

# Runs the check on a tree that holds the file `path` with the line `content` beside sound ones.
# $3: what the check must complain about, as a regular expression; empty: it must pass.
function(expect path content complaint)
  file(REMOVE_RECURSE ${WORK})
  file(WRITE ${WORK}/src/CMakeLists.txt "")
  file(WRITE ${WORK}/include/vitrine/base/clock.h "#include <cstdint>\n")
  file(WRITE ${WORK}/src/base/log.cc
       "#include \"vitrine/base/log.h\"\n#include <spdlog/spdlog.h>\n#include <sys/resource.h>\n")
  file(WRITE ${WORK}/src/scorers/content/content.cc
       "#include \"scorers/content/profile.h\"\n#include \"vitrine/math/sparse.h\"\n")
  file(WRITE ${WORK}/${path} "${content}\n")
  execute_process(COMMAND ${CMAKE_COMMAND} -DROOT=${WORK} -P ${CMAKE_CURRENT_LIST_DIR}/layering.cmake
                  RESULT_VARIABLE result ERROR_VARIABLE errors OUTPUT_QUIET)
  file(REMOVE_RECURSE ${WORK})
  string(REGEX REPLACE "[ \n]+" " " errors "${errors}")  # CMake wraps its messages.
  if(complaint STREQUAL "")
    if(NOT result EQUAL 0)
      message(SEND_ERROR "${path} with '${content}' is fine, but was refused: ${errors}")
    endif()
  elseif(result EQUAL 0 OR NOT errors MATCHES "${complaint}")
    message(SEND_ERROR "${path} with '${content}' should have been refused for '${complaint}'; "
                       "exit status ${result}: ${errors}")
  endif()
endfunction()

# Sound.
expect(src/math/a.cc "#include <Eigen/Cholesky>" "")
expect(src/cli/simulate/a.cc "#include <nlohmann/json.hpp>" "")
expect(src/server/a.cc "#include \"vitrine/v1/item.pb.h\"" "")
expect(src/feature_store/a.cc "#include <rocksdb/db.h>" "")

# Modules, upwards and sideways.
expect(src/base/a.cc "#include \"vitrine/math/top_k.h\"" "base may not use math")
expect(src/base/a.cc "  #  include \"vitrine/math/top_k.h\"" "base may not use math")
expect(include/vitrine/engine/a.h "#include \"vitrine/training/trainer.h\"" "may not use training")
expect(src/scorers/content/a.cc "#include \"vitrine/engine/engine.h\"" "may not use engine")
expect(src/engine/a.cc "#include \"vitrine/v1/item.pb.h\"" "engine may not use v1")
expect(src/engine/a.cc "#include \"vitrine/novelty/a.h\"" "engine may not use novelty")

# Private headers.
expect(src/engine/a.cc "#include \"feature_store/views.h\"" "private header of feature_store")
expect(src/engine/a.cc "#include \"b.h\"" "as in engine/b.h")
expect(include/vitrine/engine/a.h "#include \"engine/a.h\"" "private header of engine")

# Third parties.
expect(src/base/a.cc "#include <rocksdb/db.h>" "base may not include rocksdb/db.h")
expect(src/engine/a.cc "#include <spdlog/spdlog.h>" "engine may not include spdlog")
expect(src/cli/a.cc "#include <grpcpp/grpcpp.h>" "cli may not include grpcpp")
expect(src/engine/a.cc "#include <boost/any.hpp>" "engine may not include boost")
expect(src/server/a.cc "#include <csv.h>" "server may not include csv.h")

# Folders.
expect(src/helpers/a.cc "" "src/helpers is no module")
expect(include/vitrine/helpers/a.h "" "include/vitrine/helpers is no module")
expect(src/scorers/magic/a.cc "" "src/scorers/magic is no module")
expect(src/a.cc "" "src/a.cc belongs to no module")
