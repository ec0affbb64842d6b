// Fuzzes the rules for names, and the keys by which names are compared.
#include "chat/names.hpp"

#include "chat/client_message.hpp"
#include "fuzz/fuzz.hpp"

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const auto name = chat::normalize_name(fuzz::text(data, size));
    if (!name) {
        return 0;
    }
    const std::size_t length = chat::count_code_points(*name);
    fuzz::expect(length >= 1 && length <= 32, "a name has 1 to 32 code points");
    fuzz::expect(chat::normalize_name(*name) == name, "a name stays as it is once normalised");
    const std::string key = chat::name_key(*name);
    fuzz::expect(!key.empty(), "a name has a key");
    fuzz::expect(chat::name_key(key) == key, "a key is its own key");
    return 0;
}
