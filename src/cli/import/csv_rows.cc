#include <csv.h>

#include <algorithm>
#include <cstddef>
#include <deque>
#include <set>
#include <utility>

#include "absl/strings/str_format.h"
#include "cli/import/line_reader.h"
#include "cli/import/row_reader.h"
#include "vitrine/base/status_macros.h"

namespace vitrine::cli {
namespace {

bool IsBlank(std::string_view text) {
  return text.find_first_not_of(" \t\r") == std::string_view::npos;
}

// Tabs may be what stands between cells.
bool IsBlank(std::string_view text, char delimiter) {
  return IsBlank(text) && text.find(delimiter) == std::string_view::npos;
}

// libcsv's parser, fed line by line so that every row knows where it starts.
class CsvReader final : public RowReader {
 public:
  CsvReader(std::istream& input, char delimiter, BlankLines blank_lines)
      : lines_(input), delimiter_(delimiter), blank_lines_(blank_lines) {
    StartParser();
  }
  ~CsvReader() override { csv_free(&parser_); }
  CsvReader(const CsvReader&) = delete;
  CsvReader& operator=(const CsvReader&) = delete;

  absl::Status ReadHeader() {
    VITRINE_ASSIGN_OR_RETURN(const bool has_header, ReadRecord());
    if (!has_header) {
      return absl::InvalidArgumentError("the file is empty; a CSV file starts with a header line");
    }
    if (!record_.error.empty()) {
      return absl::InvalidArgumentError("the header cannot be read: " + record_.error);
    }
    std::set<std::string> seen;
    std::vector<std::string> names;
    for (const Cell& cell : record_.cells) {
      if (!seen.insert(cell.text).second) {
        return absl::InvalidArgumentError(
            absl::StrFormat("the header has the column \"%s\" twice", cell.text));
      }
      names.push_back(cell.text);
    }
    names_ = std::make_shared<const std::vector<std::string>>(std::move(names));
    return absl::OkStatus();
  }

  absl::StatusOr<bool> Next(Row& row) override {
    VITRINE_ASSIGN_OR_RETURN(const bool has_record, ReadRecord());
    if (!has_record) return false;
    if (record_.error.empty() && record_.cells.size() != names_->size()) {
      record_.error =
          absl::StrFormat("has %d fields, the header has %d", record_.cells.size(), names_->size());
    }
    std::swap(row, record_);
    row.number = ++rows_;
    row.names = names_;
    return true;
  }

  const std::vector<std::string>& columns() const override { return *names_; }
  std::uint64_t bytes_read() const override { return lines_.bytes_read(); }

 private:
  static void OnField(void* text, std::size_t size, void* self) {
    auto* reader = static_cast<CsvReader*>(self);
    reader->record_.cells.push_back({std::string(static_cast<const char*>(text), size), false});
  }
  static void OnRow(int /*terminator*/, void* self) {
    static_cast<CsvReader*>(self)->is_row_complete_ = true;
  }

  void StartParser() {
    csv_init(&parser_, CSV_STRICT);
    csv_set_delim(&parser_, static_cast<unsigned char>(delimiter_));
  }

  absl::StatusOr<bool> NextLine(Line& line) {
    if (waiting_.empty()) return lines_.Next(line);
    line = std::move(waiting_.front());
    waiting_.pop_front();
    return true;
  }

  // False when libcsv says that a quote is where none may be.
  bool Feed(std::string_view text) {
    return csv_parse(&parser_, text.data(), text.size(), OnField, OnRow, this) == text.size();
  }

  // Above the header none is a row.
  bool IsSkipped(std::string_view line) const {
    if (!IsBlank(line)) return false;
    if (blank_lines_ == BlankLines::kSkipped || names_ == nullptr) return true;
    return names_->size() > 1 && IsBlank(line, delimiter_);
  }

  // Fills record_; false at the end of the file.
  absl::StatusOr<bool> ReadRecord() {
    record_.cells.clear();
    record_.error.clear();
    record_.raw.clear();
    is_row_complete_ = false;
    std::vector<Line> used;
    Line line;
    while (true) {
      VITRINE_ASSIGN_OR_RETURN(const bool has_line, NextLine(line));
      if (!has_line) {
        if (used.empty()) return false;
        Spoil(used, "has a quote that is never closed");
        return true;
      }
      if (used.empty() && IsSkipped(line.text)) continue;
      if (used.empty()) record_.line = line.number;
      used.push_back(line);
      if (line.is_cut || record_.raw.size() + line.text.size() > kMaxRowBytes) {
        Spoil(used, absl::StrFormat("is longer than %d bytes, or has a quote that is never closed",
                                    kMaxRowBytes));
        return true;
      }
      if (used.size() > 1) record_.raw += '\n';
      record_.raw += line.text;
      const bool is_lone_cell = used.size() == 1 && IsBlank(line.text, delimiter_);
      // libcsv skips a blank line; quotes make it a cell.
      if (!Feed(is_lone_cell ? std::string_view("\"\"") : line.text) || !Feed("\n")) {
        Spoil(used,
              "has a quote in the middle of a field; put the field in quotes and double the quote");
        return true;
      }
      if (is_row_complete_) return true;
    }
  }

  // Gives up the record's first line and reads its other lines again as rows of their own.
  void Spoil(std::vector<Line>& used, std::string error) {
    record_.error = std::move(error);
    record_.raw = used.front().text;
    waiting_.insert(waiting_.begin(), std::make_move_iterator(used.begin() + 1),
                    std::make_move_iterator(used.end()));
    csv_free(&parser_);
    StartParser();
  }

  LineReader lines_;
  char delimiter_;
  const BlankLines blank_lines_;
  csv_parser parser_{};
  std::deque<Line> waiting_;
  Row record_;
  bool is_row_complete_ = false;
  std::uint64_t rows_ = 0;
  std::shared_ptr<const std::vector<std::string>> names_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<RowReader>> ReadCsv(std::istream& input, char delimiter,
                                                   BlankLines blank_lines) {
  auto reader = std::make_unique<CsvReader>(input, delimiter, blank_lines);
  VITRINE_RETURN_IF_ERROR(reader->ReadHeader());
  return reader;
}

const Cell* Row::Find(std::string_view name) const {
  const auto found = std::find(names->begin(), names->end(), name);
  if (found == names->end()) return nullptr;
  return &cells[static_cast<std::size_t>(found - names->begin())];
}

}  // namespace vitrine::cli
