#include "server/access.h"

#include <algorithm>
#include <functional>
#include <optional>
#include <string>

#include "absl/strings/str_format.h"
#include "server/status.h"
#include "vitrine/base/status_macros.h"

namespace vitrine {
namespace {

using google::protobuf::Message;

constexpr std::string_view kBearer = "Bearer ";

std::string_view View(const grpc::string_ref& text) { return {text.data(), text.size()}; }

// As callers may send it: `authorization: Bearer KEY`, or `x-api-key: KEY`.
std::optional<std::string_view> KeyIn(const grpc::CallbackServerContext& context) {
  const auto& metadata = context.client_metadata();
  if (const auto found = metadata.find("authorization"); found != metadata.end()) {
    const std::string_view value = View(found->second);
    if (value.starts_with(kBearer)) return value.substr(kBearer.size());
  }
  const auto found = metadata.find("x-api-key");
  if (found == metadata.end()) return std::nullopt;
  return View(found->second);
}

absl::Status RateLimited(const std::string& what, Micros wait) {
  return WithRetry(
      WithReason(absl::ResourceExhaustedError(absl::StrFormat("%s; retry later", what)),
                 "RATE_LIMITED"),
      wait);
}

}  // namespace

Micros ShopperLimits::Take(const CallsByShopper& calls, Micros now) {
  const double per_second = per_second_;
  if (per_second <= 0) return 0;
  std::lock_guard lock(mutex_);
  if (slots_.empty()) slots_.resize(kNumSets * kNumWays);
  Micros wait = 0;
  for (const auto& [shopper, count] : calls) {
    if (const Slot* slot = Find(shopper)) {
      wait = std::max(wait, slot->tokens.WaitAt(per_second, now));
    }
  }
  if (wait > 0) return wait;
  for (const auto& [shopper, count] : calls) {
    Slot* slot = Find(shopper);
    if (slot == nullptr) {
      // Instead of whom it costs the least to forget: who has the most left.
      Slot* const set = SetOf(shopper);
      slot = std::min_element(set, set + kNumWays, [&](const Slot& a, const Slot& b) {
        return a.tokens.SpentNow(per_second, now) < b.tokens.SpentNow(per_second, now);
      });
      *slot = {.shopper = shopper};
    }
    slot->tokens.Spend(count, per_second, now);
  }
  return 0;
}

ShopperLimits::Slot* ShopperLimits::SetOf(std::uint64_t shopper) {
  return &slots_[(shopper >> 32U) % kNumSets * kNumWays];
}

ShopperLimits::Slot* ShopperLimits::Find(std::uint64_t shopper) {
  Slot* const set = SetOf(shopper);
  Slot* const found =
      std::find_if(set, set + kNumWays, [&](const Slot& s) { return s.shopper == shopper; });
  return found == set + kNumWays ? nullptr : found;
}

void ShopperLimits::Count(std::string_view shopper, CallsByShopper& calls) {
  if (!shopper.empty()) calls[std::hash<std::string_view>()(shopper) | 1U] += 1;
}

AccessControl::AccessControl(const Options& options, const Clock& clock)
    : keys_(options.keys), clock_(clock), shoppers_(options.calls_per_second_per_shopper) {}

absl::Status AccessControl::Admit(const grpc::CallbackServerContext& context, const Method& method,
                                  const Message& request) {
  VITRINE_ASSIGN_OR_RETURN(const auto entry, FindKey(context, method));
  if (entry != nullptr) {
    if (const Micros wait = entry->bucket.Take(clock_.Now()); wait > 0) {
      const ApiKey& key = entry->key;
      return RateLimited(absl::StrFormat("key %s (%s) may make %g calls a second and made more",
                                         key.id, key.name, key.calls_per_second),
                         wait);
    }
  }
  return shoppers_.per_second() > 0 ? CheckShoppers(method, request) : absl::OkStatus();
}

absl::Status AccessControl::CheckStill(const grpc::CallbackServerContext& context,
                                       const Method& method) const {
  return FindKey(context, method).status();
}

absl::StatusOr<std::shared_ptr<const KeyRing::Entry>> AccessControl::FindKey(
    const grpc::CallbackServerContext& context, const Method& method) const {
  if (keys_ == nullptr || !keys_->is_required()) return nullptr;
  const std::optional<std::string_view> shown = KeyIn(context);
  if (!shown.has_value()) {
    return WithReason(
        absl::UnauthenticatedError("this server wants a key: send the metadata `authorization: "
                                   "Bearer KEY` or `x-api-key: KEY`; `vitrine keys create` makes "
                                   "one, commands take it with --key-file or from VITRINE_KEY"),
        "KEY_MISSING");
  }
  auto entry = keys_->Find(*shown);
  if (entry == nullptr) {
    return WithReason(
        absl::UnauthenticatedError("the key is none of this server's, or it was revoked; `vitrine "
                                   "keys list` shows those that count"),
        "KEY_UNKNOWN");
  }
  const ApiKey& key = entry->key;
  if (!key.Has(method.scope)) {
    return WithReason(
        absl::PermissionDeniedError(absl::StrFormat(
            "key %s (%s) has the scope %s; %s wants %s: use a key that has it", key.id, key.name,
            ScopesText(key.scopes), method.name, Name(method.scope))),
        "SCOPE_MISSING", {{"key_id", key.id}, {"scope", std::string(Name(method.scope))}});
  }
  return entry;
}

absl::Status AccessControl::CheckShoppers(const Method& method, const Message& request) {
  // As a user and as a visitor: whoever sends ever other users is still one visitor, and the other
  // way round.
  ShopperLimits::CallsByShopper calls;
  for (const std::string& shopper : method.shoppers.Read(request)) {
    ShopperLimits::Count(shopper, calls);
  }
  const Micros wait = shoppers_.Take(calls, clock_.Now());
  if (wait == 0) return absl::OkStatus();
  return RateLimited(
      absl::StrFormat("more than %g calls a second are about one shopper, which no person makes",
                      shoppers_.per_second()),
      wait);
}

}  // namespace vitrine
