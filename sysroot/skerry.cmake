# CMake builds for Skerry with this: cmake -DCMAKE_TOOLCHAIN_FILE=SDK/share/skerry.cmake …
# It finds the SDK it lies in. Skerry's ABI is Linux's, and so is the system's name.
get_filename_component(SKERRY_SDK "${CMAKE_CURRENT_LIST_DIR}/.." ABSOLUTE)

set(CMAKE_SYSTEM_NAME Linux)
set(CMAKE_SYSTEM_PROCESSOR x86_64)

set(CMAKE_C_COMPILER "${SKERRY_SDK}/bin/skerry-cc")
set(CMAKE_ASM_COMPILER "${SKERRY_SDK}/bin/skerry-cc")
set(CMAKE_AR "${SKERRY_SDK}/bin/skerry-ar" CACHE FILEPATH "")
set(CMAKE_RANLIB "${SKERRY_SDK}/bin/skerry-ranlib" CACHE FILEPATH "")
set(CMAKE_NM "${SKERRY_SDK}/bin/skerry-nm" CACHE FILEPATH "")
set(CMAKE_STRIP "${SKERRY_SDK}/bin/skerry-strip" CACHE FILEPATH "")
set(CMAKE_CXX_COMPILER "${SKERRY_SDK}/bin/skerry-c++")
set(PKG_CONFIG_EXECUTABLE "${SKERRY_SDK}/bin/skerry-pkg-config" CACHE FILEPATH "")

# Programs that run while building are the machine's; what is linked is the SDK's.
set(CMAKE_SYSROOT "${SKERRY_SDK}")
set(CMAKE_FIND_ROOT_PATH_MODE_PROGRAM NEVER)
set(CMAKE_FIND_ROOT_PATH_MODE_LIBRARY ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_INCLUDE ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_PACKAGE ONLY)
