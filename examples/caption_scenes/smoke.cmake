# cmake -DPROGRAM=<caption_scenes> -DWORK=<folder> -P smoke.cmake
# A short training of both ways to attend lowers the loss and leaves its pictures; wrong options end in one sentence and
# exit code 2.

cmake_minimum_required(VERSION 3.25)
include("${CMAKE_CURRENT_LIST_DIR}/../train/smoke.cmake")

foreach(attention IN ITEMS soft hard)
  run(0 --attention ${attention} --steps 200 --tests 20 --out pictures)
  expect_loss_falls(0.7)
  expect(out "Of 20 unseen scenes")
  expect_file(pictures/${attention}.svg "</svg>")
endforeach()

# The same numbers in every run, whatever the progress line says.
run(0 --steps 5 --batch 4 --tests 5 --objects 4 --quiet --out pictures)
set(first "${out}")
if(NOT err STREQUAL "")
  message(SEND_ERROR "--quiet said something on stderr: ${err}")
endif()
run(0 --steps 5 --batch 4 --tests 5 --objects 4 --out pictures)
if(NOT first STREQUAL out)
  message(SEND_ERROR "Two runs differ.")
endif()

refuse("must be soft, hard or both" --attention curious)
refuse("--steps" --steps 0)
refuse("--objects" --objects 5)
refuse("--batch" --batch many)
refuse("not expected" --unknown)
file(WRITE "${WORK}/file" "")
refuse("cannot make the folder file" --out file)
