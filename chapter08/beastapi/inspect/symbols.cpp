#include "beastapi/inspect/symbols.hpp"

#include <cxxabi.h>
#include <elf.h>
#include <fcntl.h>
#include <link.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <unordered_map>

namespace beastapi::inspect {

namespace {

using Names = std::unordered_map<std::uintptr_t, std::string>;

/// A file in memory, for reading.
class Mapped {
public:
    explicit Mapped(const char* path) {
        const int file = ::open(path, O_RDONLY | O_CLOEXEC);
        struct stat about{};
        if (file >= 0 && ::fstat(file, &about) == 0 && about.st_size > 0) {
            size_ = static_cast<std::size_t>(about.st_size);
            data_ = ::mmap(nullptr, size_, PROT_READ, MAP_PRIVATE, file, 0);
        }
        if (file >= 0) {
            ::close(file);
        }
    }
    Mapped(const Mapped&) = delete;
    Mapped& operator=(const Mapped&) = delete;
    ~Mapped() {
        if (is_there()) {
            ::munmap(data_, size_);
        }
    }

    bool is_there() const noexcept { return data_ != MAP_FAILED; }

    /// So many things from `offset` on; none if the file doesn't have them.
    template <class T>
    std::span<const T> at(std::uint64_t offset, std::uint64_t count) const noexcept {
        if (!is_there() || offset > size_ || count > (size_ - offset) / sizeof(T)) {
            return {};
        }
        const auto* const begin = static_cast<const char*>(data_) + offset;
        return {reinterpret_cast<const T*>(begin), count};
    }

private:
    void* data_ = MAP_FAILED;
    std::size_t size_ = 0;
};

/// By how much the program was moved when it was loaded.
std::uintptr_t load_bias() {
    std::uintptr_t bias = 0;
    ::dl_iterate_phdr(
        [](dl_phdr_info* info, std::size_t, void* into) {
            *static_cast<std::uintptr_t*>(into) = info->dlpi_addr;
            return 1;  // the program itself is the first
        },
        &bias);
    return bias;
}

/// What GCC makes of a coroutine it calls `NAME.actor`, and clang `NAME.resume`.
std::optional<std::string> coroutine_of(const char* symbol) {
    const std::string_view text(symbol);
    if (!text.ends_with(".actor") && !text.ends_with(".resume")) {
        return std::nullopt;
    }
    const std::unique_ptr<char, decltype(&std::free)> name(
        abi::__cxa_demangle(symbol, nullptr, nullptr, nullptr), &std::free);
    // GCC 12 makes names of Asio's templates that no demangler understands.
    return name == nullptr ? std::nullopt : std::optional<std::string>(name.get());
}

void add_table(const Mapped& file, const Elf64_Shdr& table, const Elf64_Shdr& names, Names& into) {
    const auto text = file.at<char>(names.sh_offset, names.sh_size);
    if (text.empty() || text.back() != '\0') {
        return;
    }
    const std::uintptr_t bias = load_bias();
    for (const auto& symbol :
         file.at<Elf64_Sym>(table.sh_offset, table.sh_size / sizeof(Elf64_Sym))) {
        if (ELF64_ST_TYPE(symbol.st_info) != STT_FUNC || symbol.st_name >= text.size()) {
            continue;
        }
        // The table ends with a NUL, as each name does.
        if (auto function = coroutine_of(text.data() + symbol.st_name)) {
            into.emplace(bias + symbol.st_value, std::move(*function));
        }
    }
}

Names read_symbols() {
    Names names;
    const Mapped file("/proc/self/exe");
    const auto head = file.at<Elf64_Ehdr>(0, 1);
    if (head.empty() || std::memcmp(head[0].e_ident, ELFMAG, SELFMAG) != 0 ||
        head[0].e_ident[EI_CLASS] != ELFCLASS64) {
        return names;
    }
    const auto sections = file.at<Elf64_Shdr>(head[0].e_shoff, head[0].e_shnum);
    for (const Elf64_Shdr& section : sections) {
        if (section.sh_type == SHT_SYMTAB && section.sh_link < sections.size()) {
            add_table(file, section, sections[section.sh_link], names);
        }
    }
    return names;
}

const Names& names() {
    static const Names all = read_symbols();
    return all;
}

}  // namespace

std::string coroutine_at(const void* resume_function) {
    const auto known = names().find(reinterpret_cast<std::uintptr_t>(resume_function));
    return known == names().end() ? std::string() : known->second;
}

void load_symbols() {
    names();
}

}  // namespace beastapi::inspect
