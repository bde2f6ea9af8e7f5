#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "vitrine/base/clock.h"
#include "vitrine/base/file_system.h"
#include "vitrine/base/published.h"

// Keys that callers show. A key is 192 random bits, so its plain SHA-256 keeps it: what is on disk
// cannot be turned back into a key, and there is nothing to guess. docs/security.md has the rules.
namespace vitrine {

// What a key may be used for. Each stands alone: a key that writes events need not read.
enum class Scope : std::uint8_t {
  kRead = 1,   // Lists, items, reports, what is known of a shopper.
  kWrite = 2,  // Events, items, users, features.
  kAdmin = 4,  // Erase and export people, train, change placements.
};

inline constexpr Scope kScopes[] = {Scope::kRead, Scope::kWrite, Scope::kAdmin};

std::string_view Name(Scope scope);

struct ApiKey {
  std::string id{};             // The first 8 hexadecimal digits of the hash: names the key.
  std::string name{};           // What it is for: "storefront".
  std::string hash{};           // SHA-256 of the key, 32 bytes.
  std::uint8_t scopes = 0;      // Of Scope, or-ed.
  double calls_per_second = 0;  // As many at once, too; 0: no limit of its own.
  Micros created_us = 0;

  bool Has(Scope scope) const { return (scopes & static_cast<std::uint8_t>(scope)) != 0; }
};

// "read,write" for both bits.
std::string ScopesText(std::uint8_t scopes);
// Errors: INVALID_ARGUMENT another word, a word twice, or none.
absl::StatusOr<std::uint8_t> ParseScopes(std::string_view text);

// The file `keys` in the folder of a store: docs/formats/keys.md. Commands change it beside the
// server that reads it; two that change it at a time wait for each other.
class KeyFile {
 public:
  KeyFile(FileSystem& files, std::string folder);

  // Nothing: there is no such file, and nobody was ever given a key.
  // Errors: those of FileSystem; DATA_LOSS the file is damaged.
  absl::StatusOr<std::optional<std::vector<ApiKey>>> Read() const;

  // Makes a key and returns it: it is kept nowhere. `key` has the name, the scopes and the limit.
  // Errors: INVALID_ARGUMENT no name, one too long, or no scope; ALREADY_EXISTS a key has the name.
  absl::StatusOr<std::string> Create(ApiKey key, Micros now);

  // Removes the key with this id or name. The file stays, so that keys are wanted further on.
  // Errors: NOT_FOUND there is none.
  absl::Status Revoke(std::string_view id_or_name);

 private:
  absl::Status Write(const std::vector<ApiKey>& keys) const;

  FileSystem& files_;
  const std::string folder_;
  const std::string path_;
};

// What is left to one caller of so many calls a second, and as many at once after a pause. Full at
// first.
struct Tokens {
  double spent = 0;
  Micros filled_us = 0;

  // How much of `spent` time has not given back yet.
  double SpentNow(double per_second, Micros now) const;
  // How long until one may be taken; 0: now. REQUIRES, as all below: per_second > 0
  Micros WaitAt(double per_second, Micros now) const;
  // Takes `count`, on credit where there are fewer: what comes later waits for them.
  void Spend(double count, double per_second, Micros now);
  // As TokenBucket::Take.
  Micros Take(double per_second, Micros now);
};

// Lets through so many calls a second, and as many at once after a pause. Thread-safe.
class TokenBucket {
 public:
  explicit TokenBucket(double per_second) : per_second_(per_second) {}

  // 0: go ahead. Else how long until the next may go, in microseconds.
  Micros Take(Micros now);

 private:
  const double per_second_;
  std::mutex mutex_;
  Tokens tokens_;  // Guarded by mutex_.
};

// The keys that count now. Thread-safe.
class KeyRing {
 public:
  struct Entry {
    explicit Entry(ApiKey of) : key(std::move(of)), bucket(key.calls_per_second) {}
    const ApiKey key;
    mutable TokenBucket bucket;
  };

  // Errors: those of KeyFile::Read.
  static absl::StatusOr<std::unique_ptr<KeyRing>> Open(KeyFile file);

  // Reads the file again; where that fails, or the file has gone, what counted before still does.
  // So a server that wants keys never stops to, until it is started anew.
  absl::Status Refresh();

  // Whether callers must show a key: there is a file, even if all its keys are revoked.
  bool is_required() const { return table_.Get() != nullptr; }

  // Null: no such key.
  std::shared_ptr<const Entry> Find(std::string_view key) const;

 private:
  using Table = std::unordered_map<std::string, std::shared_ptr<const Entry>>;  // By hash.
  explicit KeyRing(KeyFile file) : file_(std::move(file)) {}

  const KeyFile file_;
  Published<Table> table_{nullptr};
};

}  // namespace vitrine
