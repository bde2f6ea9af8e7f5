#include <cstddef>
#include <nlohmann/json.hpp>
#include <utility>

#include "absl/strings/str_format.h"
#include "cli/import/line_reader.h"
#include "cli/import/row_reader.h"
#include "vitrine/base/status_macros.h"

namespace vitrine::cli {
namespace {

using Json = nlohmann::json;

constexpr std::size_t kMaxDepth = 16;

// Turns one JSON value into cells named by their path. The event interface of the parser hands over
// numbers as they are written, so that no price goes through a float.
class Flattener final : public nlohmann::json_sax<Json> {
 public:
  Flattener(std::vector<std::string>& names, std::vector<Cell>& cells)
      : names_(names), cells_(cells) {}

  const std::string& error() const { return error_; }

  bool null() override { return Place().has_value(); }
  bool boolean(bool value) override { return Add(value ? "true" : "false", false); }
  bool number_integer(std::int64_t value) override { return Add(std::to_string(value), true); }
  bool number_unsigned(std::uint64_t value) override { return Add(std::to_string(value), true); }
  bool number_float(double /*value*/, const std::string& text) override { return Add(text, true); }
  bool string(std::string& value) override { return Add(std::move(value), false); }
  bool binary(Json::binary_t& /*value*/) override { return false; }

  bool start_object(std::size_t /*size*/) override { return Open(false); }
  bool end_object() override { return Close(); }
  bool start_array(std::size_t /*size*/) override { return Open(true); }
  bool end_array() override { return Close(); }
  bool key(std::string& name) override {
    key_ = std::move(name);
    return true;
  }

  bool parse_error(std::size_t position, const std::string& /*token*/,
                   const nlohmann::detail::exception& /*error*/) override {
    error_ = absl::StrFormat("is not JSON at byte %d", position);
    return false;
  }

 private:
  struct Level {
    std::string path{};
    bool is_array = false;
    std::size_t count = 0;
  };

  bool Fail(std::string error) {
    error_ = std::move(error);
    return false;
  }

  // Where the value that comes now belongs.
  std::optional<std::string> Place() {
    if (levels_.empty()) {
      Fail("wants one JSON object a line, such as {\"id\": \"1\"}");
      return std::nullopt;
    }
    Level& level = levels_.back();
    if (level.is_array) return absl::StrFormat("%s[%d]", level.path, level.count++);
    return level.path.empty() ? key_ : level.path + "." + key_;
  }

  bool Add(std::string text, bool is_number) {
    std::optional<std::string> place = Place();
    if (!place.has_value()) return false;
    names_.push_back(*std::move(place));
    cells_.push_back({std::move(text), is_number});
    return true;
  }

  bool Open(bool is_array) {
    if (levels_.empty() && !is_array) {
      levels_.push_back({});
      return true;
    }
    std::optional<std::string> place = Place();
    if (!place.has_value()) return false;
    if (levels_.size() == kMaxDepth) {
      return Fail(absl::StrFormat("is nested deeper than %d levels", kMaxDepth));
    }
    levels_.push_back({*std::move(place), is_array, 0});
    return true;
  }

  bool Close() {
    levels_.pop_back();
    return true;
  }

  std::vector<std::string>& names_;
  std::vector<Cell>& cells_;
  std::vector<Level> levels_;
  std::string key_;
  std::string error_;
};

class JsonLinesReader final : public RowReader {
 public:
  explicit JsonLinesReader(std::istream& input) : lines_(input) {}

  absl::StatusOr<bool> Next(Row& row) override {
    do {
      VITRINE_ASSIGN_OR_RETURN(const bool has_line, lines_.Next(line_));
      if (!has_line) return false;
    } while (line_.text.find_first_not_of(" \t") == std::string::npos);
    row.number = ++rows_;
    row.line = line_.number;
    row.raw = line_.text;
    row.cells.clear();
    row.error.clear();
    if (line_.is_cut) {
      row.error = absl::StrFormat("is longer than %d bytes", kMaxRowBytes);
      return true;
    }
    std::vector<std::string> names;
    Flattener flattener(names, row.cells);
    if (!Json::sax_parse(row.raw, &flattener)) row.error = flattener.error();
    row.names = std::make_shared<const std::vector<std::string>>(std::move(names));
    return true;
  }

  const std::vector<std::string>& columns() const override { return columns_; }
  std::uint64_t bytes_read() const override { return lines_.bytes_read(); }

 private:
  LineReader lines_;
  Line line_;
  std::uint64_t rows_ = 0;
  const std::vector<std::string> columns_;
};

}  // namespace

std::unique_ptr<RowReader> ReadJsonLines(std::istream& input) {
  return std::make_unique<JsonLinesReader>(input);
}

}  // namespace vitrine::cli
