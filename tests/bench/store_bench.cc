// Measures the store on this machine's disk: events a second by batch size, with the sync included,
// and what a sync alone takes before and after them, replay, checkpoint, reading a shopper, an
// erasure. Prints; asserts nothing.
//
//   store_bench [FOLDER]      FOLDER is made and removed; default: a new one under /tmp

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <future>
#include <memory>
#include <string>
#include <vector>

#include "vitrine/base/file_system.h"
#include "vitrine/base/log.h"
#include "vitrine/base/random.h"
#include "vitrine/feature_store/feature_store.h"

namespace vitrine {
namespace {

constexpr std::uint64_t kNumUsers = 20'000;
constexpr std::uint64_t kNumItems = 10'000;
constexpr int kNumSyncs = 500;
constexpr std::size_t kSyncedBytes = 4096;

class StoreBench {
 public:
  explicit StoreBench(std::string folder) : folder_(std::move(folder)) {}

  void Run() {
    Open("empty");
    TimeSyncs();
    for (const std::size_t batch : {1UL, 10UL, 100UL, 1'000UL}) {
      Record(batch, batch == 1 ? 2'000 : 2'000 * std::min<std::size_t>(batch, 100));
    }
    RecordConcurrently(64, 20'000);
    TimeSyncs();
    ReadShoppers();
    TakeSnapshot();
    Open("from its checkpoint");
    RemoveCheckpoints();
    Open("by full replay");
    Erase();
  }

 private:
  Event MakeEvent() {
    const std::uint64_t number = num_events_++;
    return {.event_id = "event-" + std::to_string(number),
            .type = EventType::kDetailPageView,
            .user_id = "user-" + std::to_string(random_.Below(kNumUsers)),
            .time_us = 1'700'000'000'000'000 + static_cast<Micros>(number),
            .items = {{.item_id = "item-" + std::to_string(random_.Below(kNumItems))}}};
  }

  void Open(const char* how) {
    store_.reset();
    const Micros begin = MonotonicNow();
    auto store = FeatureStore::Open(folder_, {}, LocalFileSystem(), SystemClock());
    if (!store.ok()) {
      std::fprintf(stderr, "%s\n", store.status().ToString().c_str());
      std::exit(1);
    }
    store_ = *std::move(store);
    const double seconds = Seconds(begin);
    const std::uint64_t replayed = store_->status().replayed_events;
    std::printf("open %-20s %8.3f s, %lu events replayed (%.0f/s)\n", how, seconds, replayed,
                static_cast<double>(replayed) / seconds);
  }

  void RemoveCheckpoints() {
    store_.reset();
    for (const auto& file : std::filesystem::directory_iterator(folder_)) {
      if (file.path().extension() == ".checkpoint") std::filesystem::remove(file.path());
    }
  }

  // Of a file beside the store's own that grows as its log does.
  void TimeSyncs() {
    const std::string path = folder_ + "/sync.tmp";
    auto file = LocalFileSystem().OpenForWrite(path, OpenMode::kTruncate);
    Check(file.status());
    const std::string block(kSyncedBytes, 'x');
    std::vector<double> micros;
    for (int i = 0; i < kNumSyncs; ++i) {
      Check((*file)->Append(block));
      const Micros start = MonotonicNow();
      Check((*file)->Sync());
      micros.push_back(static_cast<double>(MonotonicNow() - start));
    }
    Check((*file)->Close());
    Check(LocalFileSystem().Remove(path));
    PrintLatency("one fdatasync of 4 KiB appended", micros);
  }

  void Record(std::size_t batch, std::size_t total) {
    std::vector<double> micros;
    const Micros begin = MonotonicNow();
    for (std::size_t done = 0; done < total; done += batch) {
      RecordEvents mutation;
      for (std::size_t i = 0; i < batch; ++i) mutation.events.push_back(MakeEvent());
      const Micros start = MonotonicNow();
      Check(store_->Write(std::move(mutation)).status());
      micros.push_back(static_cast<double>(MonotonicNow() - start));
    }
    PrintRate("one caller, batches of", batch, total, Seconds(begin));
    PrintLatency("  a batch", micros);
  }

  void RecordConcurrently(std::size_t in_flight, std::size_t total) {
    const Micros begin = MonotonicNow();
    std::vector<std::promise<void>> slots(in_flight);
    for (std::size_t done = 0; done < total; done += in_flight) {
      for (std::promise<void>& slot : slots) {
        slot = {};
        store_->Write(RecordEvents{{MakeEvent()}},
                      [&slot](const absl::StatusOr<WriteResult>& result) {
                        Check(result.status());
                        slot.set_value();
                      });
      }
      for (std::promise<void>& slot : slots) slot.get_future().wait();
    }
    PrintRate("single events, in flight", in_flight, total, Seconds(begin));
  }

  void ReadShoppers() {
    std::vector<double> micros;
    std::size_t total = 0;
    for (int i = 0; i < 100'000; ++i) {
      const std::string user = "user-" + std::to_string(random_.Below(kNumUsers));
      const Micros start = MonotonicNow();
      total += store_->ReadShopper(user, "").history.size();
      micros.push_back(static_cast<double>(MonotonicNow() - start));
    }
    std::printf("ReadShopper, %.1f interactions each\n", static_cast<double>(total) / 100'000);
    PrintLatency("  a read", micros);
  }

  void TakeSnapshot() {
    const Micros begin = MonotonicNow();
    const auto dataset = store_->Snapshot(0);
    Check(dataset.status());
    const double count = static_cast<double>(dataset->interactions.size());
    std::printf("snapshot %31.0f interactions/s\n", count / Seconds(begin));
  }

  void Erase() {
    const Micros begin = MonotonicNow();
    Check(store_->Write(EraseUser{.user_id = "user-1"}).status());
    std::printf("erase one of %lu events %17.3f s\n", num_events_, Seconds(begin));
  }

  static void Check(const absl::Status& status) {
    if (status.ok()) return;
    std::fprintf(stderr, "%s\n", status.ToString().c_str());
    std::exit(1);
  }
  static double Seconds(Micros begin) { return static_cast<double>(MonotonicNow() - begin) / 1e6; }

  static void PrintRate(const char* what, std::size_t size, std::size_t total, double seconds) {
    std::printf("%-26s %5zu %10.0f events/s\n", what, size, static_cast<double>(total) / seconds);
  }
  static void PrintLatency(const char* what, std::vector<double>& micros) {
    std::sort(micros.begin(), micros.end());
    const auto at = [&](double share) {
      return micros[static_cast<std::size_t>(share * static_cast<double>(micros.size() - 1))];
    };
    std::printf("%-32s p50 %.0f us, p99 %.0f us\n", what, at(0.5), at(0.99));
  }

  const std::string folder_;
  Random random_{1};
  std::uint64_t num_events_ = 0;
  std::unique_ptr<FeatureStore> store_;
};

}  // namespace
}  // namespace vitrine

int main(int argc, char** argv) {
  vitrine::SetLogLevel(vitrine::LogLevel::kWarning);
  std::string folder = "/tmp/vitrine-bench-XXXXXX";
  if (argc > 1) {
    folder = argv[1];
  } else if (mkdtemp(folder.data()) == nullptr) {
    std::perror(folder.c_str());
    return 1;
  }
  vitrine::StoreBench(folder).Run();
  std::filesystem::remove_all(folder);
  return 0;
}
