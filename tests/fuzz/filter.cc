// Filters, as callers write them: what is read is described and read again as the same, and means
// the same for an item.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "vitrine/engine/item_filter.h"

namespace {

// Something of everything that a filter may speak of.
const vitrine::Item& AnItem() {
  static const auto* const item = new vitrine::Item{
      .id = "mug-1",
      .title = "The mug",
      .categories = {"Home > Kitchen", "Gifts"},
      .brand = "Acme",
      .price = vitrine::Money{.micros = 19'990'000, .currency = "EUR"},
      .stock = 3,
      .tags = {"red", "fragile"},
  };
  return *item;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto filter = vitrine::ParseFilter(text);
  if (!filter.ok()) return 0;
  const bool matches = vitrine::Matches(*filter, AnItem());
  const auto* fails = vitrine::FirstThatFails(*filter, AnItem());
  if (matches != (fails == nullptr)) std::abort();

  const std::string described = vitrine::Describe(*filter);
  const auto again = vitrine::ParseFilter(described);
  if (!again.ok()) {
    // With its quotes and parentheses it may be longer, or deeper, than may be sent.
    if (described.size() > vitrine::kMaxFilterBytes) return 0;
    std::abort();
  }
  if (vitrine::Describe(*again) != described) std::abort();
  if (vitrine::Matches(*again, AnItem()) != matches) std::abort();
  return 0;
}
