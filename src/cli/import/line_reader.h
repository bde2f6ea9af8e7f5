#pragma once

#include <cstddef>
#include <cstdint>
#include <istream>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"

namespace vitrine::cli {

// One line of a text file.
struct Line {
  std::uint64_t number = 0;  // 1 is the first.
  std::string text{};        // Without its end, "\n" or "\r\n".
  bool is_cut = false;       // It was longer than kMaxRowBytes; text is its beginning.
};

// Splits a stream into lines. Not thread-safe.
class LineReader {
 public:
  // `input` must outlive it.
  explicit LineReader(std::istream& input) : input_(input), buffer_(kBufferBytes) {}

  // False at the end. Errors: UNAVAILABLE the stream failed.
  absl::StatusOr<bool> Next(Line& line);

  std::uint64_t bytes_read() const { return bytes_read_; }

 private:
  static constexpr std::size_t kBufferBytes = std::size_t{1} << 16U;

  // Fills rest_ anew; false at the end.
  absl::StatusOr<bool> Fill();

  std::istream& input_;
  std::vector<char> buffer_;
  std::string_view rest_;  // Of buffer_, not handed out yet.
  std::uint64_t bytes_read_ = 0;
  std::uint64_t lines_ = 0;
};

}  // namespace vitrine::cli
