#pragma once

#include <fcntl.h>
#include <sys/types.h>
#include <unistd.h>

#include <algorithm>
#include <cstddef>
#include <fstream>
#include <optional>
#include <set>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

namespace vitrine::testing {

// Which of `texts` the memory of a process holds anywhere, its files in memory included; nothing
// where this process may not look.
inline std::optional<std::set<std::string>> FindInMemory(pid_t process,
                                                         const std::vector<std::string>& texts) {
  constexpr std::size_t kPiece = 1 << 20;
  constexpr std::size_t kOverlap = 256;  // More than any text has.
  const std::string folder = "/proc/" + std::to_string(process);
  const int memory = open((folder + "/mem").c_str(), O_RDONLY | O_CLOEXEC);
  if (memory < 0) return std::nullopt;
  std::set<std::string> found;
  std::ifstream maps(folder + "/maps");
  std::string piece(kPiece, '\0');
  for (std::string line; std::getline(maps, line);) {
    std::size_t begin = 0;
    std::size_t end = 0;
    std::string rights;
    char dash = 0;
    std::istringstream(line) >> std::hex >> begin >> dash >> end >> rights;
    if (rights.empty() || rights[0] != 'r') continue;
    for (std::size_t at = begin; at < end; at += kPiece - kOverlap) {
      const std::size_t wanted = std::min(kPiece, end - at);
      const ssize_t count = pread(memory, piece.data(), wanted, static_cast<off_t>(at));
      if (count <= 0) break;  // Devices, and what the kernel keeps to itself.
      const std::string_view bytes(piece.data(), static_cast<std::size_t>(count));
      for (const std::string& text : texts) {
        if (bytes.find(text) != std::string_view::npos) found.insert(text);
      }
      if (wanted < kPiece) break;
    }
  }
  close(memory);
  return found;
}

}  // namespace vitrine::testing
