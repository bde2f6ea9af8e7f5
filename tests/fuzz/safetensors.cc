// Weight files: what is read is written and read again as the same bits.
#include "vitrine/nn/safetensors.h"

#include <cstdint>
#include <cstdlib>
#include <string_view>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const auto file = vitrine::nn::DecodeTensors(bytes, "fuzz");
  if (!file.ok()) return 0;
  const std::string encoded = vitrine::nn::EncodeTensors(*file);
  const auto again = vitrine::nn::DecodeTensors(encoded, "again");
  if (!again.ok() || vitrine::nn::EncodeTensors(*again) != encoded) std::abort();
  return 0;
}
