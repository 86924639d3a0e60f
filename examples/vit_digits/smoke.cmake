# cmake -DPROGRAM=<vit_digits> -DWORK=<folder> -P smoke.cmake
# A short training lowers the loss and reads most digits; wrong options end in one sentence and exit code 2.

cmake_minimum_required(VERSION 3.25)
include("${CMAKE_CURRENT_LIST_DIR}/../train/smoke.cmake")

run(0 --epochs 3 --features 16 --quiet --out pictures)
expect_loss_falls(0.6)
expect(out "1348 digits to train on, 449 held out; 16 patches")
expect_file(pictures/class_token.svg "</svg>")
if(NOT err STREQUAL "")
  message(SEND_ERROR "--quiet said something on stderr: ${err}")
endif()

refuse("do not divide into --heads" --features 30 --heads 4)
refuse("--epochs" --epochs none)
refuse("not expected" --unknown)
file(WRITE "${WORK}/file" "")
refuse("cannot make the folder file" --out file)
