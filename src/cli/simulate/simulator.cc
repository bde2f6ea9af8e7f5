#include "cli/simulate/simulator.h"

#include <memory>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/strings/str_format.h"
#include "cli/simulate/rows.h"
#include "cli/simulate/shop.h"
#include "cli/simulate/shopper.h"
#include "cli/simulate/timeline.h"
#include "vitrine/base/clock.h"
#include "vitrine/base/random.h"
#include "vitrine/base/status_macros.h"

namespace vitrine::simulate {
namespace {

constexpr std::size_t kMaxItems = 10'000'000;
constexpr std::size_t kMaxUsers = 100'000'000;
constexpr int kMaxDays = 3'650;
constexpr std::size_t kBufferBytes = 1 << 18;
constexpr std::uint64_t kReportEvery = 1 << 12;  // Events.

// Independent parts of the seed.
enum Stream : std::uint64_t { kProducts = 1, kShoppers = 2, kVisits = 3 };

// A text file that is written from front to end, in large pieces.
class TextFile {
 public:
  static absl::StatusOr<TextFile> Open(FileSystem& files, const std::string& path,
                                       std::string header) {
    VITRINE_ASSIGN_OR_RETURN(auto file, files.OpenForWrite(path, OpenMode::kTruncate));
    return TextFile(std::move(file), std::move(header));
  }

  absl::Status Write(std::string_view text) {
    buffer_ += text;
    return buffer_.size() < kBufferBytes ? absl::OkStatus() : Flush();
  }

  absl::Status Finish() {
    VITRINE_RETURN_IF_ERROR(Flush());
    return file_->Close();
  }

 private:
  TextFile(std::unique_ptr<WritableFile> file, std::string header)
      : file_(std::move(file)), buffer_(std::move(header)) {}

  absl::Status Flush() {
    VITRINE_RETURN_IF_ERROR(file_->Append(buffer_));
    buffer_.clear();
    return absl::OkStatus();
  }

  std::unique_ptr<WritableFile> file_;
  std::string buffer_;
};

absl::Status CheckOptions(const SimulateOptions& options) {
  const auto check = [](const char* name, std::uint64_t value, std::uint64_t max) {
    if (value >= 1 && value <= max) return absl::OkStatus();
    return absl::InvalidArgumentError(
        absl::StrFormat("the number of %s is %d, wants 1 to %d", name, value, max));
  };
  VITRINE_RETURN_IF_ERROR(check("items", options.num_items, kMaxItems));
  VITRINE_RETURN_IF_ERROR(check("users", options.num_users, kMaxUsers));
  VITRINE_RETURN_IF_ERROR(check("events", options.num_events, ~std::uint64_t{0} / 2));
  return check("days", static_cast<std::uint64_t>(options.days), kMaxDays);
}

// Writes the rows of one table.
template <typename Rows, typename ToRow>
absl::Status WriteTable(FileSystem& files, const std::string& path, std::string header,
                        const Rows& rows, ToRow to_row) {
  VITRINE_ASSIGN_OR_RETURN(TextFile file, TextFile::Open(files, path, std::move(header)));
  for (const auto& row : rows) VITRINE_RETURN_IF_ERROR(file.Write(to_row(row)));
  return file.Finish();
}

absl::Status WriteShop(FileSystem& files, const std::string& folder, const Shop& shop,
                       const std::vector<Shopper>& shoppers) {
  VITRINE_RETURN_IF_ERROR(WriteTable(files, folder + "/items.csv", ItemHeader(), shop.products(),
                                     [](const Product& product) { return ItemRow(product.item); }));
  VITRINE_RETURN_IF_ERROR(
      WriteTable(files, folder + "/users.csv", UserHeader(), shoppers,
                 [](const Shopper& shopper) { return shopper.is_member ? UserRow(shopper) : ""; }));
  return WriteTable(files, folder + "/truth_users.csv", TruthUserHeader(), shoppers, TruthUserRow);
}

// Writes the log; returns when its last event happened.
absl::StatusOr<Micros> WriteEvents(FileSystem& files, const SimulateOptions& options,
                                   const SimulateProgress& progress, Timeline& timeline) {
  VITRINE_ASSIGN_OR_RETURN(TextFile file,
                           TextFile::Open(files, options.folder + "/events.jsonl", ""));
  Micros last = kStart;
  for (std::uint64_t i = 0; i < options.num_events; ++i) {
    const Event event = timeline.Next();
    last = event.time_us;
    VITRINE_RETURN_IF_ERROR(file.Write(EventLine(event)));
    if (progress && i % kReportEvery == 0) {
      progress(static_cast<double>(i) / (1.25 * static_cast<double>(options.num_events)));
    }
  }
  VITRINE_RETURN_IF_ERROR(file.Finish());
  return last;
}

absl::Status WriteHeldOut(FileSystem& files, const SimulateOptions& options, Timeline& timeline) {
  VITRINE_ASSIGN_OR_RETURN(
      TextFile file,
      TextFile::Open(files, options.folder + "/truth_purchases.csv", TruthPurchaseHeader()));
  for (std::uint64_t i = 0; i < options.num_events / 4; ++i) {
    const Event event = timeline.Next();
    if (event.type != EventType::kPurchaseComplete) continue;
    VITRINE_RETURN_IF_ERROR(file.Write(TruthPurchaseRows(event)));
  }
  return file.Finish();
}

}  // namespace

absl::Status Simulate(const SimulateOptions& options, const SimulateProgress& progress,
                      FileSystem& files) {
  VITRINE_RETURN_IF_ERROR(CheckOptions(options));
  VITRINE_RETURN_IF_ERROR(files.MakeFolder(options.folder));
  const Micros span = options.days * kMicrosPerDay;
  const Shop shop(options.num_items, span, Random(options.seed, kProducts));
  std::vector<Shopper> shoppers =
      MakeShoppers(options.num_users, shop, span, Random(options.seed, kShoppers));
  VITRINE_RETURN_IF_ERROR(WriteShop(files, options.folder, shop, shoppers));

  Timeline timeline(shop, std::move(shoppers), options.num_events, span,
                    Random(options.seed, kVisits));
  VITRINE_ASSIGN_OR_RETURN(const Micros last, WriteEvents(files, options, progress, timeline));
  VITRINE_RETURN_IF_ERROR(WriteHeldOut(files, options, timeline));
  VITRINE_RETURN_IF_ERROR(WriteTable(
      files, options.folder + "/truth_items.csv", TruthItemHeader(), shop.products(),
      [&](const Product& product) { return TruthItemRow(product, shop.Appeal(product, last)); }));
  if (progress) progress(1);
  return absl::OkStatus();
}

}  // namespace vitrine::simulate
