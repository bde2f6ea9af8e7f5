#include "cli/import/line_reader.h"

#include <algorithm>

#include "absl/strings/str_format.h"
#include "cli/import/row_reader.h"
#include "vitrine/base/status_macros.h"

namespace vitrine::cli {
namespace {

constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";

}  // namespace

absl::StatusOr<bool> LineReader::Fill() {
  input_.read(buffer_.data(), static_cast<std::streamsize>(buffer_.size()));
  if (input_.bad()) {
    return absl::UnavailableError(
        absl::StrFormat("cannot read on after %d bytes: the disk or the pipe failed", bytes_read_));
  }
  const auto count = static_cast<std::size_t>(input_.gcount());
  rest_ = std::string_view(buffer_.data(), count);
  bytes_read_ += count;
  return count > 0;
}

absl::StatusOr<bool> LineReader::Next(Line& line) {
  line.text.clear();
  line.is_cut = false;
  bool has_any = false;
  while (true) {
    if (rest_.empty()) {
      VITRINE_ASSIGN_OR_RETURN(const bool has_more, Fill());
      if (!has_more) break;
    }
    has_any = true;
    const std::size_t end = rest_.find('\n');
    const std::string_view part = rest_.substr(0, end);
    const std::size_t room = kMaxRowBytes - line.text.size();
    line.is_cut |= part.size() > room;
    line.text.append(part.substr(0, room));
    rest_.remove_prefix(end == std::string_view::npos ? rest_.size() : end + 1);
    if (end != std::string_view::npos) break;
  }
  if (!has_any) return false;
  if (line.text.ends_with('\r')) line.text.pop_back();
  line.number = ++lines_;
  if (lines_ == 1 && line.text.starts_with(kByteOrderMark)) {
    line.text.erase(0, kByteOrderMark.size());
  }
  return true;
}

}  // namespace vitrine::cli
