// Configurations: what is read is refused with its line, or is one that can be held against any
// other.
#include "cli/config.h"

#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "cli/config_change.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto config = vitrine::cli::ParseConfig(text, "fuzz");
  if (!config.ok()) {
    if (config.status().message().find("fuzz:") != 0) std::abort();
    return 0;
  }
  (void)vitrine::cli::WantRestart(vitrine::cli::Config(), *config);
  if (!vitrine::cli::WantRestart(*config, *config).empty()) std::abort();
  return 0;
}
