#include "store/seal/keyring.hpp"

#include "config/base/invariant.hpp"
#include "store/base/wire.hpp"

#include <algorithm>
#include <array>
#include <openssl/evp.h>
#include <openssl/hmac.h>

namespace troupe::seal {
namespace {

using namespace std::string_view_literals;

constexpr auto magic = "\0troupe-sealed-1\0"sv; // no value of ours begins with a zero byte
constexpr std::size_t nonce_bytes = 12;
constexpr std::size_t tag_bytes = 16;
constexpr std::size_t longest_name = 64;

// What the data keys of a record are for.
constexpr auto for_sealing = "troupe seal 1\0"sv;
constexpr auto for_nonces = "troupe nonce 1\0"sv;

const unsigned char* raw_bytes(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data()); // NOLINT: OpenSSL's own type
}

using mac = std::array<unsigned char, 32>;

mac hmac(std::string_view key, std::string_view text) {
  mac out{};
  unsigned size = 0;
  auto* done = HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()), raw_bytes(text),
                    text.size(), out.data(), &size);
  invariant(done != nullptr && size == out.size(), "OpenSSL computes HMAC-SHA-256");
  return out;
}

std::string_view text_of(const mac& m) {
  return {reinterpret_cast<const char*>(m.data()), m.size()}; // NOLINT: OpenSSL's own type
}

mac data_key(std::string_view secret, std::string_view what_for, std::string_view record) {
  return hmac(secret, std::string{what_for} + std::string{record});
}

struct context {
  context() : native(EVP_CIPHER_CTX_new()) {
    invariant(native != nullptr, "OpenSSL has memory for a cipher");
  }
  context(const context&) = delete;
  context& operator=(const context&) = delete;
  ~context() { EVP_CIPHER_CTX_free(native); }
  EVP_CIPHER_CTX* native;
};

/// Nonce, ciphertext, tag.
std::string encrypt(const mac& key, std::string_view nonce, std::string_view record,
                    std::string_view plain) {
  context c;
  std::string out{nonce};
  out.resize(nonce_bytes + plain.size() + tag_bytes);
  auto* text = reinterpret_cast<unsigned char*>(out.data()) + nonce_bytes; // NOLINT: as above
  int size = 0;
  bool done =
    EVP_EncryptInit_ex(c.native, EVP_aes_256_gcm(), nullptr, key.data(), raw_bytes(nonce)) == 1
    && EVP_EncryptUpdate(c.native, nullptr, &size, raw_bytes(record),
                         static_cast<int>(record.size()))
         == 1
    && EVP_EncryptUpdate(c.native, text, &size, raw_bytes(plain), static_cast<int>(plain.size()))
         == 1
    && EVP_EncryptFinal_ex(c.native, text + plain.size(), &size) == 1
    && EVP_CIPHER_CTX_ctrl(c.native, EVP_CTRL_GCM_GET_TAG, tag_bytes, text + plain.size()) == 1;
  invariant(done, "OpenSSL seals with AES-256-GCM");
  return out;
}

std::optional<std::string> decrypt(const mac& key, std::string_view record,
                                   std::string_view sealed) {
  if (sealed.size() < nonce_bytes + tag_bytes)
    return std::nullopt;
  auto nonce = sealed.substr(0, nonce_bytes);
  auto text = sealed.substr(nonce_bytes, sealed.size() - nonce_bytes - tag_bytes);
  std::string tag{sealed.substr(sealed.size() - tag_bytes)};
  std::string out(text.size() + 1, '\0');                     // never null
  auto* plain = reinterpret_cast<unsigned char*>(out.data()); // NOLINT: as above
  context c;
  int size = 0;
  bool done =
    EVP_DecryptInit_ex(c.native, EVP_aes_256_gcm(), nullptr, key.data(), raw_bytes(nonce)) == 1
    && EVP_DecryptUpdate(c.native, nullptr, &size, raw_bytes(record),
                         static_cast<int>(record.size()))
         == 1
    && EVP_DecryptUpdate(c.native, plain, &size, raw_bytes(text), static_cast<int>(text.size()))
         == 1
    && EVP_CIPHER_CTX_ctrl(c.native, EVP_CTRL_GCM_SET_TAG, tag_bytes, tag.data()) == 1
    && EVP_DecryptFinal_ex(c.native, plain + text.size(), &size) == 1;
  if (!done)
    return std::nullopt;
  out.resize(text.size());
  return out;
}

failure refused(std::string_view key, std::string why) {
  return {.reason = reason::forbidden,
          .message = "open " + std::string{key} + ", which is sealed: " + std::move(why)};
}

failure invalid(std::string why) {
  return {.reason = reason::invalid,
          .message = "read the keys of encryption at rest: " + std::move(why)};
}

} // namespace

result<keyring_ptr> keyring::make(std::vector<rule> rules) {
  keyring out{std::move(rules)};
  for (const auto& r : out.rules_) {
    if (!r.writes_plain && r.secrets.empty())
      return invalid("a rule has nothing to seal with");
    for (const auto& s : r.secrets) {
      auto size = s.bytes.size();
      if (s.name.empty() || s.name.size() > longest_name)
        return invalid("a key's name must have 1 to 64 bytes");
      if (size != 16 && size != 24 && size != 32)
        return invalid("the key " + s.name + " has " + std::to_string(size)
                       + " bytes; it must have 16, 24 or 32");
      auto [at, fresh] = out.secrets_.emplace(s.name, s.bytes);
      if (!fresh && at->second != s.bytes)
        return invalid("two different keys are called " + s.name);
    }
  }
  return keyring_ptr{std::make_shared<const keyring>(std::move(out))};
}

const secret* keyring::writer_of(std::string_view key) const {
  for (const auto& r : rules_)
    if (std::any_of(r.prefixes.begin(), r.prefixes.end(),
                    [&](const auto& p) { return key.starts_with(p); }))
      return r.writes_plain ? nullptr : &r.secrets.front();
  return nullptr;
}

std::string keyring::seal(std::string_view key, std::string value) const {
  const auto* with = writer_of(key);
  if (!with)
    return value;
  auto for_nonce = data_key(with->bytes, for_nonces, key);
  auto digest = hmac(text_of(for_nonce), value);
  auto nonce = text_of(digest).substr(0, nonce_bytes);
  std::string out{magic};
  store::put_bytes(out, with->name);
  out += encrypt(data_key(with->bytes, for_sealing, key), nonce, key, value);
  return out;
}

result<std::string> keyring::open(std::string_view key, std::string_view stored) const {
  if (!is_sealed(stored))
    return std::string{stored};
  store::unpacker in{stored.substr(magic.size())};
  auto name = in.bytes();
  if (!in.good())
    return refused(key, "it is damaged");
  auto with = secrets_.find(name);
  if (with == secrets_.end())
    return refused(key, "the key " + std::string{name} + " is not in encryptionProviderConfig");
  auto plain = decrypt(data_key(with->second, for_sealing, key), key, in.rest());
  if (!plain)
    return refused(key, "the key " + std::string{name}
                          + " does not open it; it is another one of that name, or the value is "
                            "damaged");
  return std::move(*plain);
}

bool is_sealed(std::string_view stored) { return stored.starts_with(magic); }

result<std::string> open(const keyring_ptr& keys, std::string_view key, std::string_view stored) {
  if (keys)
    return keys->open(key, stored);
  return is_sealed(stored)
           ? result<std::string>{refused(key, "encryptionProviderConfig is not set")}
           : std::string{stored};
}

} // namespace troupe::seal
