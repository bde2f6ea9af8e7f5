# find_package(vitrine) defines vitrine::lifecycle, vitrine::engine and what these are made of;
# find_package(vitrine COMPONENTS grpc) also vitrine::server, vitrine::client and vitrine::proto.
set(VITRINE_GRPC OFF)
if("grpc" IN_LIST vitrine_FIND_COMPONENTS)
  set(VITRINE_GRPC ON)
endif()
include(${CMAKE_CURRENT_LIST_DIR}/VitrineDependencies.cmake)

foreach(part core ${vitrine_FIND_COMPONENTS})
  if(EXISTS ${CMAKE_CURRENT_LIST_DIR}/vitrine-${part}.cmake)
    include(${CMAKE_CURRENT_LIST_DIR}/vitrine-${part}.cmake)
    set(vitrine_${part}_FOUND TRUE)
  elseif(vitrine_FIND_REQUIRED_${part})
    set(vitrine_FOUND FALSE)
    set(vitrine_NOT_FOUND_MESSAGE
        "Vitrine's part \"${part}\" is not installed here; there are \"core\" and \"grpc\".")
  endif()
endforeach()
