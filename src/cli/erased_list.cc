#include "cli/erased_list.h"

#include <fstream>
#include <utility>

#include "absl/strings/str_format.h"
#include "cli/import/line_reader.h"
#include "vitrine/base/status_macros.h"
#include "vitrine/feature_store/validate.h"

namespace vitrine::cli {
namespace {

constexpr std::size_t kMaxShownBytes = 80;  // Of a line, by an error.

absl::Status CheckErasedId(const std::string& id) {
  const std::vector<FieldViolation> violations = Validate(vitrine::User{.id = id});
  if (!violations.empty()) {
    return absl::InvalidArgumentError(absl::StrFormat("the id %s", violations[0].description));
  }
  if (id.front() != ' ' && id.back() != ' ') return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrFormat(
      "the id \"%s\" begins or ends with a blank, which is not seen in a list; take it away, or "
      "erase one that has it with `vitrine user erase`",
      id));
}

absl::StatusOr<vitrine::EraseUser> ReadErasedLine(const std::string& line) {
  const std::size_t blank = line.find(' ');
  const std::string kind = line.substr(0, blank);
  const bool is_user = kind == "user";
  if (blank == std::string::npos || (!is_user && kind != "visitor")) {
    return absl::InvalidArgumentError(absl::StrFormat(
        "wants \"user ID\" or \"visitor ID\", has \"%s\"", line.substr(0, kMaxShownBytes)));
  }
  std::string id = line.substr(blank + 1);
  VITRINE_RETURN_IF_ERROR(CheckErasedId(id));
  vitrine::EraseUser person;
  (is_user ? person.user_id : person.visitor_id) = std::move(id);
  return person;
}

}  // namespace

absl::StatusOr<std::vector<vitrine::EraseUser>> ReadErasedList(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file.is_open()) return absl::NotFoundError(absl::StrFormat("%s cannot be opened", path));
  LineReader lines(file);
  std::vector<vitrine::EraseUser> erased;
  Line line;
  while (true) {
    VITRINE_ASSIGN_OR_RETURN(const bool has_line, lines.Next(line));
    if (!has_line) return erased;
    if (line.text.empty()) continue;
    auto person = ReadErasedLine(line.text);
    if (!person.ok()) {
      return absl::InvalidArgumentError(
          absl::StrFormat("%s:%d: %s", path, line.number, std::string(person.status().message())));
    }
    erased.push_back(*std::move(person));
  }
}

}  // namespace vitrine::cli
