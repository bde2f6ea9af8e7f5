#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "vitrine/feature_store/feature_store.h"

namespace vitrine {

// What clients keep for the store and hand back: bytes and the store's seal over them, in web-safe
// base64. The key of the seals is the store's for good: a token outlives restarts and models, and
// only the store can make one.

// The first of a token's bytes: what it is, and in which form. So none is ever taken for another.
// Never change one, nor use one again.
enum class TokenForm : std::uint8_t {
  kPage = 1,         // Where a list goes on: engine/page_token.h
  kAttribution = 2,  // Which list an event came of: attribution.h
};

// `bytes` begin with their form.
std::string SealToken(const FeatureStore& store, std::string bytes);

// The bytes of a token of this form; nothing where it is none that this store gave.
std::optional<std::string> OpenToken(const FeatureStore& store, TokenForm form,
                                     std::string_view token);

}  // namespace vitrine
