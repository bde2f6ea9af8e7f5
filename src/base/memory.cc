#include "vitrine/base/memory.h"

#include <malloc.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <limits>
#include <string>

#include "absl/strings/str_format.h"

namespace vitrine {

namespace {

double Gigabytes(std::uint64_t bytes) { return static_cast<double>(bytes) / 1e9; }

}  // namespace

std::uint64_t AvailableMemoryBytes() {
  std::ifstream lines("/proc/meminfo");
  for (std::string name; lines >> name;) {
    std::uint64_t kibibytes = 0;
    if (name == "MemAvailable:" && lines >> kibibytes) return kibibytes * 1024;
    lines.ignore(std::numeric_limits<std::streamsize>::max(), '\n');
  }
  return std::numeric_limits<std::uint64_t>::max();
}

std::uint64_t ResidentMemoryBytes() {
  std::ifstream statm("/proc/self/statm");
  std::uint64_t pages = 0;
  std::uint64_t resident_pages = 0;
  if (!(statm >> pages >> resident_pages)) return 0;
  return resident_pages * static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE));
}

void KeepFreedMemory([[maybe_unused]] std::size_t num_items) {
#ifdef __GLIBC__
  // What one thread's requests take at once: a score of each of several models for every item, and
  // as much again.
  constexpr std::size_t kBytesPerItem = 64;
  const std::size_t kept = std::clamp<std::size_t>(num_items * kBytesPerItem, 8 << 20, 64 << 20);
  mallopt(M_MMAP_THRESHOLD, 4 << 20);
  mallopt(M_TRIM_THRESHOLD, static_cast<int>(kept));
#endif
}

absl::Status CheckMemory(std::string_view what, std::uint64_t wanted_bytes,
                         std::uint64_t available_bytes, std::string_view cure) {
  if (wanted_bytes <= available_bytes - available_bytes / 10) return absl::OkStatus();
  return absl::ResourceExhaustedError(absl::StrFormat(
      "%s wants %.2f GB of memory, a tenth more than that must be available, and %.2f GB are: %s",
      what, Gigabytes(wanted_bytes), Gigabytes(available_bytes), cure));
}

void GiveBackFreeMemory() { (void)malloc_trim(0); }

}  // namespace vitrine
