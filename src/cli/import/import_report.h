#pragma once

#include <cstdint>
#include <map>
#include <ostream>
#include <string>
#include <vector>

#include "cli/import/convert.h"
#include "cli/import/row_reader.h"

namespace vitrine::cli {

// The rows of one reason.
struct RejectedRows {
  struct Sample {
    std::uint64_t line = 0;
    std::string detail{};
  };
  std::uint64_t count = 0;
  std::vector<Sample> samples{};  // The first few.
};

// Where every row of a file went: rows = written + duplicates + superseded + dropped + resumed +
// the rejected ones.
struct ImportCounts {
  std::uint64_t rows = 0;
  std::uint64_t written = 0;     // New, or, of items and users, replaced.
  std::uint64_t duplicates = 0;  // Events that the store had already.
  std::uint64_t superseded = 0;  // Items and users described again within the same batch.
  std::uint64_t dropped = 0;     // Of shoppers who asked to be forgotten.
  std::uint64_t resumed = 0;     // Written by an earlier run of this import, which broke off.
  std::map<std::string, RejectedRows> rejected{};  // By reason.

  std::uint64_t num_rejected() const;
};

// Counts rejected rows and writes them down. Not thread-safe.
class RejectLog {
 public:
  static constexpr std::size_t kSamples = 3;

  // `file` gets every rejected row as CSV: line,reason,detail,row. Null: none is written.
  explicit RejectLog(std::ostream* file);

  void Add(std::uint64_t line, const std::string& raw, const Rejection& rejection,
           ImportCounts& counts);

 private:
  std::ostream* file_;
};

// For people: a few lines of counts, reasons and samples.
std::string DescribeImport(RowKind kind, const ImportCounts& counts, double seconds);

// For scripts: the counts as one JSON object.
std::string ImportJson(RowKind kind, const ImportCounts& counts, double seconds);

}  // namespace vitrine::cli
