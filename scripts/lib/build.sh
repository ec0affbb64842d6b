# shellcheck shell=bash
# Configures and builds a preset of CMakePresets.json.
# shellcheck source-path=SCRIPTDIR source=common.sh
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"

if have ccache; then
    # CMake reads this one itself. The other two let copies of the project share what was compiled.
    export CMAKE_CXX_COMPILER_LAUNCHER=${CMAKE_CXX_COMPILER_LAUNCHER-ccache}
    export CCACHE_BASEDIR=${CCACHE_BASEDIR:-$root} CCACHE_NOHASHDIR=${CCACHE_NOHASHDIR:-true}
fi

# jobs_for PRESET: as many compilers at once as there are cores, but no more than memory holds.
jobs_for() {
    local cores available each=1300000
    cores=$(getconf _NPROCESSORS_ONLN)
    [[ $1 != sanitize && $1 != tsan ]] || each=2200000
    if [[ -r /proc/meminfo ]]; then
        available=$(awk '/^MemAvailable:/ { print $2 }' /proc/meminfo)
        ((cores * each <= available)) || cores=$((available / each))
    fi
    echo $((cores > 0 ? cores : 1))
}

# configure PRESET: writes build/PRESET, unless it is there and up to date.
configure() {
    local preset=$1 directory=$root/build/$1
    local cache=$directory/CMakeCache.txt
    # A copied or moved project still points to where it was.
    if [[ -f $cache ]] && ! grep -qxF "CMAKE_HOME_DIRECTORY:INTERNAL=$root" "$cache"; then
        rm -rf "$directory"
    fi
    # Ninja itself looks after CMakeLists.txt.
    if [[ -f $directory/build.ninja && ! $root/CMakePresets.json -nt $directory/build.ninja ]]; then
        return 0
    fi
    say "Configuring (build/$preset)"
    if ! (cd "$root" && logged "$root/build/log/configure-$preset.log" cmake --preset "$preset"); then
        note "error: CMake could not configure the build: see above, or build/log/configure-$preset.log"
        note "  If a library was updated or removed since, delete build/ and run this again."
        return 1
    fi
    # CMake leaves the file alone where nothing in it changes.
    touch "$directory/build.ninja"
}

# build PRESET TARGET…: says nothing where there is nothing to do.
build() {
    local preset=$1 directory=$root/build/$1
    shift
    configure "$preset" || return 1
    if [[ $(ninja -C "$directory" -n "$@" 2>&1 | tail -n 1) == "ninja: no work to do." ]]; then
        return 0
    fi
    say "Building (build/$preset)"
    cmake --build "$directory" --parallel "${CMAKE_BUILD_PARALLEL_LEVEL:-$(jobs_for "$preset")}" \
        --target "$@" >&2
}
