# What find_package(beastapi) reads: the libraries that it needs, and the target beastapi::beastapi.
include(CMakeFindDependencyMacro)
find_dependency(Threads)
find_dependency(Boost 1.81 COMPONENTS json)
find_dependency(fmt)
find_dependency(spdlog)
include("${CMAKE_CURRENT_LIST_DIR}/beastapi-targets.cmake")
