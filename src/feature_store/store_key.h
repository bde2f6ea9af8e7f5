#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "feature_store/store_codec.h"

struct evp_mac_ctx_st;  // OpenSSL's EVP_MAC_CTX.

namespace vitrine {

// The store's secret: 32 random bytes, made once per store and kept in its `meta` table. Names that
// must not be readable, or guessable, from the files are stored as keyed hashes under it.
// Immutable and thread-safe.
class StoreKey {
 public:
  static constexpr std::size_t kBytes = 32;

  // From the operating system's random numbers.
  static std::string Generate();

  // REQUIRES: secret.size() == kBytes
  explicit StoreKey(std::string_view secret);

  // HMAC-SHA256 of kind and id, 32 bytes: what is left of an erased shopper.
  std::string Tombstone(ShopperKind kind, std::string_view id) const;

  // HMAC-SHA256 of a client's event id, cut to 16 bytes: two of 10^15 ids share one with a chance
  // of 10^-9.
  std::string EventIdKey(std::string_view event_id) const;

  // HMAC-SHA256 of what a client keeps for the store, 32 bytes.
  std::string Seal(std::string_view text) const;

  // Tells stores apart without giving the secret away.
  std::string Fingerprint() const;

 private:
  std::string Hmac(char domain, std::string_view text) const;

  // An HMAC that has taken in the secret. A hash begins with a copy of it, which costs less than to
  // find the algorithm and take in the secret anew.
  const std::shared_ptr<evp_mac_ctx_st> keyed_;
};

}  // namespace vitrine
