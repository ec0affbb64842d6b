// Signs by OpenSSL itself, and not by the library that is tested.
#include "support/keys.hpp"

#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/pem.h>

#include <memory>
#include <stdexcept>
#include <vector>

namespace test {

namespace {

using Bytes = std::vector<unsigned char>;
using Key = std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)>;
using Bio = std::unique_ptr<BIO, decltype(&BIO_free)>;

void require(bool done) {
    if (!done) {
        throw std::runtime_error("OpenSSL refuses");
    }
}

std::string_view characters(const Bytes& bytes) {
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

std::string content(BIO* bio) {
    char* data = nullptr;
    const long size = BIO_get_mem_data(bio, &data);
    return {data, static_cast<std::size_t>(size)};
}

KeyPair to_pem(const Key& key) {
    require(key != nullptr);
    const Bio secret(BIO_new(BIO_s_mem()), BIO_free);
    const Bio open(BIO_new(BIO_s_mem()), BIO_free);
    require(PEM_write_bio_PrivateKey(secret.get(), key.get(), nullptr, nullptr, 0, nullptr,
                                     nullptr) == 1);
    require(PEM_write_bio_PUBKEY(open.get(), key.get()) == 1);
    return {content(secret.get()), content(open.get())};
}

Bytes hmac(const EVP_MD* digest, std::string_view text, const std::string& key) {
    Bytes code(EVP_MAX_MD_SIZE);
    unsigned int size = 0;
    require(HMAC(digest, key.data(), static_cast<int>(key.size()),
                 reinterpret_cast<const unsigned char*>(text.data()), text.size(), code.data(),
                 &size) != nullptr);
    code.resize(size);
    return code;
}

Bytes sign(std::string_view text, const std::string& private_key) {
    const Bio pem(BIO_new_mem_buf(private_key.data(), static_cast<int>(private_key.size())),
                  BIO_free);
    const Key key(PEM_read_bio_PrivateKey(pem.get(), nullptr, nullptr, nullptr), EVP_PKEY_free);
    require(key != nullptr);
    const std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context(EVP_MD_CTX_new(),
                                                                          EVP_MD_CTX_free);
    const auto* data = reinterpret_cast<const unsigned char*>(text.data());
    std::size_t size = 0;
    require(EVP_DigestSignInit(context.get(), nullptr, EVP_sha256(), nullptr, key.get()) == 1);
    require(EVP_DigestSign(context.get(), nullptr, &size, data, text.size()) == 1);
    Bytes signature(size);
    require(EVP_DigestSign(context.get(), signature.data(), &size, data, text.size()) == 1);
    signature.resize(size);
    return signature;
}

/// The two numbers of an ECDSA signature, 32 bytes each (RFC 7518, section 3.4).
Bytes plain_numbers(const Bytes& der) {
    const unsigned char* at = der.data();
    const std::unique_ptr<ECDSA_SIG, decltype(&ECDSA_SIG_free)> numbers(
        d2i_ECDSA_SIG(nullptr, &at, static_cast<long>(der.size())), ECDSA_SIG_free);
    require(numbers != nullptr);
    Bytes plain(64);
    require(BN_bn2binpad(ECDSA_SIG_get0_r(numbers.get()), plain.data(), 32) == 32);
    require(BN_bn2binpad(ECDSA_SIG_get0_s(numbers.get()), plain.data() + 32, 32) == 32);
    return plain;
}

Bytes signature_of(std::string_view text, std::string_view algorithm, const std::string& key) {
    if (algorithm == "HS256") {
        return hmac(EVP_sha256(), text, key);
    }
    if (algorithm == "HS384") {
        return hmac(EVP_sha384(), text, key);
    }
    if (algorithm == "RS256") {
        return sign(text, key);
    }
    if (algorithm == "ES256") {
        return plain_numbers(sign(text, key));
    }
    return {};
}

}  // namespace

KeyPair make_rsa_key(int bits) {
    return to_pem(Key(EVP_PKEY_Q_keygen(nullptr, nullptr, "RSA", static_cast<std::size_t>(bits)),
                      EVP_PKEY_free));
}

KeyPair make_ec_key(const std::string& curve) {
    return to_pem(Key(EVP_PKEY_Q_keygen(nullptr, nullptr, "EC", curve.c_str()), EVP_PKEY_free));
}

std::string base64url(std::string_view bytes) {
    Bytes encoded((bytes.size() + 2) / 3 * 4 + 1);
    const int size =
        EVP_EncodeBlock(encoded.data(), reinterpret_cast<const unsigned char*>(bytes.data()),
                        static_cast<int>(bytes.size()));
    encoded.resize(static_cast<std::size_t>(size));
    std::string text(characters(encoded));
    for (char& c : text) {
        c = c == '+' ? '-' : c == '/' ? '_' : c;
    }
    text.erase(text.find_last_not_of('=') + 1);
    return text;
}

std::string sign_token(std::string_view header, std::string_view claims, std::string_view algorithm,
                       const std::string& key) {
    std::string token = base64url(header) + "." + base64url(claims);
    const Bytes signature = signature_of(token, algorithm, key);
    return token + "." + base64url(characters(signature));
}

std::string make_token(std::string_view claims, const std::string& secret) {
    return sign_token(R"({"alg":"HS256","typ":"JWT"})", claims, "HS256", secret);
}

}  // namespace test
