// Fuzzes tokens: as they come, and, since nothing gets far without a signature, with the input as
// the header or the claims of one that is signed. The first byte says which.
#include "beastapi/request.hpp"
#include "chat/identity.hpp"
#include "fuzz/fuzz.hpp"
#include "support/keys.hpp"

#include <string>

namespace {

const std::string secret = "a secret of 32 bytes, or of more";
const auto now = std::chrono::system_clock::from_time_t(1'700'000'000);

const chat::TokenVerifier& verifier() {
    static const chat::TokenVerifier with_secret(
        {.algorithm = chat::TokenAlgorithm::hs256, .key = secret});
    return with_secret;
}

void check(const std::string& token) {
    const chat::VerifiedToken verified = verifier().verify(token, now);
    if (!verified.claims) {
        fuzz::expect(!verified.refusal.empty(), "a refusal has a reason");
        return;
    }
    fuzz::expect(!verified.claims->name.empty(), "a token that holds names somebody");
    fuzz::expect(verified.claims->valid_until > now, "a token that holds has not run out");
}

void check_request(std::string_view value) {
    beastapi::Request request;
    request.headers.add("Authorization", value);
    request.headers.add("Sec-WebSocket-Protocol", value);
    if (const auto token = chat::token_of(request)) {
        check(*token);
    }
    chat::subprotocol_of(request);
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) {
        return 0;
    }
    const std::string_view text = fuzz::text(data + 1, size - 1);
    switch (data[0]) {
        case 'h':
            check(test::sign_token(text, R"({"sub":"Alice","exp":1700003600})", "HS256", secret));
            break;
        case 'c':
            check(test::sign_token(R"({"alg":"HS256"})", text, "HS256", secret));
            break;
        case 'r':
            check_request(text);
            break;
        default:
            check(std::string(text));
            break;
    }
    return 0;
}
