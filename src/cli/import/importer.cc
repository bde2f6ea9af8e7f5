#include "cli/import/importer.h"

#include <optional>
#include <unordered_map>
#include <utility>

#include "cli/import/in_flight.h"
#include "vitrine/base/bytes.h"
#include "vitrine/base/status_macros.h"

namespace vitrine::cli {
namespace {

constexpr Micros kNoteIntervalUs = 2 * kMicrosPerSecond;

// XXH3 has no seed here, so the one before is part of the bytes.
std::uint64_t Chain(std::uint64_t before, std::string_view bytes) {
  ByteWriter writer;
  writer.Fixed64(before);
  writer.String(bytes);
  return Checksum(writer.bytes());
}

Progress Start(const ImportJob& job) { return {0, Checksum(job.fingerprint)}; }

// How far the file, as it is now, has been written already: all of the note or nothing.
absl::StatusOr<Progress> Resume(const ImportJob& job) {
  const std::optional<Progress> noted = job.note == nullptr ? std::nullopt : job.note->Read();
  if (!noted.has_value()) return Progress();
  VITRINE_ASSIGN_OR_RETURN(const std::unique_ptr<RowReader> reader, job.open());
  Progress position = Start(job);
  Row row;
  while (position.rows < noted->rows) {
    VITRINE_ASSIGN_OR_RETURN(const bool has_row, reader->Next(row));
    if (!has_row) return Progress();
    position = {position.rows + 1, Chain(position.fingerprint, row.raw)};
  }
  return position == *noted ? position : Progress();
}

// One pass over the file.
class Pass {
 public:
  // The first `num_resumed` rows are counted and checked, not written again.
  Pass(const ImportJob& job, ShopWriter& writer, const Clock& clock, std::uint64_t num_resumed)
      : job_(job),
        clock_(clock),
        num_resumed_(num_resumed),
        in_flight_(writer, *job.rejects, counts_),
        position_(Start(job)) {}

  absl::StatusOr<ImportCounts> Run() {
    absl::Status done = ReadAll();
    if (done.ok()) done = Flush();
    if (done.ok()) done = in_flight_.Finish();
    if (!done.ok()) {
      (void)WriteNote();  // The error is what matters.
      return done;
    }
    if (job_.note != nullptr) VITRINE_RETURN_IF_ERROR(job_.note->Remove());
    return std::move(counts_);
  }

 private:
  absl::Status ReadAll() {
    VITRINE_ASSIGN_OR_RETURN(const std::unique_ptr<RowReader> reader, job_.open());
    if (!reader->columns().empty()) {
      VITRINE_RETURN_IF_ERROR(job_.converter->options().mapping.CheckColumns(reader->columns()));
    }
    Row row;
    while (true) {
      VITRINE_ASSIGN_OR_RETURN(const bool has_row, reader->Next(row));
      if (!has_row) return absl::OkStatus();
      VITRINE_RETURN_IF_ERROR(Take(row));
      if (job_.progress) job_.progress(reader->bytes_read());
    }
  }

  absl::Status Take(const Row& row) {
    ++counts_.rows;
    position_ = {position_.rows + 1, Chain(position_.fingerprint, row.raw)};
    Convert(row);
    if (batch_.sources.size() < job_.batch_rows) return absl::OkStatus();
    return Flush();
  }

  void Convert(const Row& row) {
    switch (job_.kind) {
      case RowKind::kItems:
        return Put<UpsertItems>(row, job_.converter->ToItem(row));
      case RowKind::kUsers:
        return Put<UpsertUsers>(row, job_.converter->ToUser(row));
      case RowKind::kEvents:
        return Put<RecordEvents>(row, job_.converter->ToEvent(row, clock_.Now()));
    }
  }

  template <typename Kind, typename T>
  void Put(const Row& row, Converted<T> converted) {
    if (const auto* rejection = std::get_if<Rejection>(&converted)) {
      return job_.rejects->Add(row.line, row.raw, *rejection, counts_);
    }
    if (row.number <= num_resumed_) {
      ++counts_.resumed;
      return;
    }
    auto* batch = std::get_if<Kind>(&batch_.mutation);
    if (batch == nullptr) batch = &batch_.mutation.template emplace<Kind>();
    Add(*batch, std::get<T>(std::move(converted)), row);
  }

  void Add(RecordEvents& batch, Event event, const Row& row) {
    batch.events.push_back(std::move(event));
    batch_.sources.push_back({row.line, row.raw});
  }
  void Add(UpsertItems& batch, Item item, const Row& row) { AddLatest(batch.items, item, row); }
  void Add(UpsertUsers& batch, User user, const Row& row) { AddLatest(batch.users, user, row); }

  // A file that describes an item a thousand times, as one of orders does, becomes one write.
  template <typename T>
  void AddLatest(std::vector<T>& values, T& value, const Row& row) {
    const auto [found, is_new] = places_.emplace(value.id, values.size());
    if (!is_new) {
      ++counts_.superseded;
      values[found->second] = std::move(value);
      return;
    }
    values.push_back(std::move(value));
    batch_.sources.push_back({row.line, row.raw});
  }

  absl::Status Flush() {
    if (batch_.sources.empty()) return absl::OkStatus();
    batch_.progress = position_;
    places_.clear();
    VITRINE_RETURN_IF_ERROR(in_flight_.Start(std::exchange(batch_, Batch())));
    const Micros now = MonotonicNow();
    if (now - noted_us_ < kNoteIntervalUs) return absl::OkStatus();
    noted_us_ = now;
    return WriteNote();
  }

  absl::Status WriteNote() {
    const Progress& progress = in_flight_.progress();
    if (job_.note == nullptr || progress.rows == 0) return absl::OkStatus();
    return job_.note->Write(progress);
  }

  const ImportJob& job_;
  const Clock& clock_;
  const std::uint64_t num_resumed_;
  ImportCounts counts_;
  InFlight in_flight_;
  Batch batch_;
  std::unordered_map<std::string, std::size_t> places_;  // Of ids in the batch.
  Progress position_;                                    // Behind the row read last.
  Micros noted_us_ = MonotonicNow();
};

}  // namespace

absl::StatusOr<ImportCounts> Import(const ImportJob& job, ShopWriter& writer, const Clock& clock) {
  VITRINE_ASSIGN_OR_RETURN(const Progress resumed, Resume(job));
  return Pass(job, writer, clock, resumed.rows).Run();
}

}  // namespace vitrine::cli
