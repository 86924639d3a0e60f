# Plants one fault at a time in a small tree of headers and expects includes.cmake to name it.

cmake_minimum_required(VERSION 3.25)

function(plant name expected)
  set(tree "${TREES}/${name}")
  file(REMOVE_RECURSE "${tree}")
  file(WRITE "${tree}/attend/core/types.hpp" "#pragma once\n#include <vector>\n")
  file(WRITE "${tree}/attend/simd/pack.hpp" "#include <attend/core/types.hpp>\n")
  file(WRITE "${tree}/attend/score/dot.hpp" "#include <attend/simd/pack.hpp>\n")
  file(WRITE "${tree}/attend/score.hpp" "#include <attend/score/dot.hpp>\n")
  file(WRITE "${tree}/attend/mask/causal.hpp" "#include \"../core/types.hpp\"\n")
  file(WRITE "${tree}/attend/reference/dense.hpp" "#include <attend/score.hpp>\n")
  file(WRITE "${tree}/attend/kernel/forward.hpp" "#include <attend/score.hpp>\n#include <attend/mask/causal.hpp>\n")
  file(WRITE "${tree}/attend/attention.hpp"
    "#include <attend/kernel/forward.hpp>\n#include <attend/reference/dense.hpp>\n")
  file(WRITE "${tree}/attend/attend.hpp" "#include <attend/attention.hpp>\n")
  while(ARGN)
    list(POP_FRONT ARGN header text)
    file(APPEND "${tree}/${header}" "${text}\n")
  endwhile()

  execute_process(COMMAND "${CMAKE_COMMAND}" "-DINCLUDE=${tree}" -P "${CMAKE_CURRENT_LIST_DIR}/includes.cmake"
    OUTPUT_VARIABLE output ERROR_VARIABLE output RESULT_VARIABLE result)
  if(expected STREQUAL "")
    if(NOT result EQUAL 0)
      message(NOTICE "${output}")
      message(FATAL_ERROR "${name}: a sound tree was refused.")
    endif()
  else()
    string(FIND "${output}" "${expected}" place)
    if(result EQUAL 0 OR place EQUAL -1)
      message(NOTICE "${output}")
      message(FATAL_ERROR "${name}: expected \"${expected}\".")
    endif()
  endif()
endfunction()

plant(sound "")
plant(upwards "core may not know simd" attend/core/types.hpp "#include <attend/simd/pack.hpp>" attend/simd/pack.hpp "")
plant(siblings "mask may not know score" attend/mask/causal.hpp "#  include <attend/score/dot.hpp>")
plant(siblings_by_contents "mask may not know score" attend/mask/causal.hpp "#include <attend/score.hpp>")
plant(relative "mask may not know score" attend/mask/causal.hpp "#include \"../score/dot.hpp\"")
plant(kernel_to_reference "kernel may not know reference" attend/kernel/forward.hpp
  "#include <attend/reference/dense.hpp>")
plant(reference_to_kernel "reference may not know kernel" attend/reference/dense.hpp
  "#include <attend/kernel/forward.hpp>")
plant(reference_to_simd "reference may not know simd" attend/reference/dense.hpp "#include <attend/simd/pack.hpp>")
plant(front_door_from_kernel "kernel may not know attention" attend/kernel/forward.hpp "#include <attend/attention.hpp>")
plant(edge_in_contents "attend may not know io" attend/attend.hpp "#include <attend/io/npy.hpp>" attend/io/npy.hpp "")
plant(unknown_folder "does not know" attend/utils/common.hpp "#pragma once")
plant(missing_header "does not exist" attend/score/dot.hpp "#include <attend/score/gone.hpp>")
plant(circle "There is a circle" attend/core/config.hpp "#include <attend/simd/pack.hpp>"
  attend/simd/pack.hpp "#include <attend/core/config.hpp>")
