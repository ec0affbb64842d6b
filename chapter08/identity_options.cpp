#include "identity_options.hpp"

#include <fmt/format.h>

#include <fstream>
#include <stdexcept>
#include <utility>

namespace {

constexpr const char* secret_option = "--jwt-secret-file";
constexpr const char* public_key_option = "--jwt-public-key-file";
constexpr const char* algorithm_option = "--jwt-algorithm";
constexpr std::size_t max_file = 64 * 1024;

std::string not_empty(const std::string& text) {
    return text.empty() ? "must not be empty" : "";
}

std::string read_file(const std::string& option, const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    std::string content(max_file + 1, '\0');
    file.read(content.data(), static_cast<std::streamsize>(content.size()));
    // Reading to the end sets failbit as well; what went wrong with the device, only badbit.
    if (!file.eof() && !file) {
        throw CLI::ValidationError(option, fmt::format("{} cannot be read", path));
    }
    content.resize(static_cast<std::size_t>(file.gcount()));
    if (content.size() > max_file) {
        throw CLI::ValidationError(option, fmt::format("{} is larger than 64 KiB", path));
    }
    return content;
}

/// The line break that an editor, or `echo`, leaves behind a secret is not part of it.
void drop_line_break(std::string& secret) {
    if (secret.ends_with('\n')) {
        secret.pop_back();
    }
    if (secret.ends_with('\r')) {
        secret.pop_back();
    }
}

chat::TokenAlgorithm algorithm_of(const IdentityOptions& options) {
    using chat::TokenAlgorithm;
    if (!options.secret_file.empty()) {
        if (!options.algorithm.empty() && options.algorithm != "HS256") {
            throw CLI::ValidationError(
                algorithm_option, fmt::format("{} needs {}", options.algorithm, public_key_option));
        }
        return TokenAlgorithm::hs256;
    }
    if (options.algorithm == "RS256") {
        return TokenAlgorithm::rs256;
    }
    if (options.algorithm == "ES256") {
        return TokenAlgorithm::es256;
    }
    throw CLI::ValidationError(public_key_option,
                               fmt::format("needs {} RS256 or ES256", algorithm_option));
}

}  // namespace

void add_identity_options(CLI::App& app, IdentityOptions& options) {
    app.add_option(secret_option, options.secret_file,
                   "Ask for tokens signed with this secret of 32 bytes or more (HS256)")
        ->envname("CHAT_JWT_SECRET_FILE")
        ->type_name("FILE")
        ->check(CLI::ExistingFile);
    app.add_option(public_key_option, options.public_key_file,
                   "Ask for tokens that this public key (PEM) verifies")
        ->envname("CHAT_JWT_PUBLIC_KEY_FILE")
        ->type_name("FILE")
        ->check(CLI::ExistingFile);
    app.add_option(
           algorithm_option, options.algorithm,
           "How tokens are signed, no matter what they say: RS256 or ES256 with a public key")
        ->envname("CHAT_JWT_ALGORITHM")
        ->check(CLI::IsMember({"HS256", "RS256", "ES256"}));
    app.add_option("--jwt-audience", options.audience,
                   "The audience that tokens have to name (aud)")
        ->envname("CHAT_JWT_AUDIENCE")
        ->type_name("TEXT")
        ->check(not_empty);
    app.add_option("--jwt-issuer", options.issuer, "The issuer that tokens have to name (iss)")
        ->envname("CHAT_JWT_ISSUER")
        ->type_name("TEXT")
        ->check(not_empty);
}

std::optional<chat::IdentitySettings> read_identity(const IdentityOptions& options) {
    const bool has_secret = !options.secret_file.empty();
    const bool has_public_key = !options.public_key_file.empty();
    if (has_secret && has_public_key) {
        throw CLI::ValidationError(secret_option, fmt::format("excludes {}", public_key_option));
    }
    if (!has_secret && !has_public_key) {
        // If somebody sets one of these, they think that tokens are checked.
        for (const auto& [option, value] : {std::pair{algorithm_option, options.algorithm},
                                            {"--jwt-audience", options.audience},
                                            {"--jwt-issuer", options.issuer}}) {
            if (!value.empty()) {
                throw CLI::ValidationError(
                    option, fmt::format("needs {} or {}", secret_option, public_key_option));
            }
        }
        return std::nullopt;
    }
    chat::IdentitySettings settings;
    settings.algorithm = algorithm_of(options);
    settings.audience = options.audience;
    settings.issuer = options.issuer;
    const std::string option = has_secret ? secret_option : public_key_option;
    settings.key = read_file(option, has_secret ? options.secret_file : options.public_key_file);
    if (has_secret) {
        drop_line_break(settings.key);
    }
    try {
        chat::TokenVerifier{settings};
    } catch (const std::invalid_argument& error) {
        throw CLI::ValidationError(option, error.what());
    }
    return settings;
}
