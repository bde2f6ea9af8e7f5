#include "vitrine/server/api_keys.h"

#include <fcntl.h>
#include <openssl/rand.h>
#include <openssl/sha.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_split.h"
#include "vitrine/base/atomic_file.h"
#include "vitrine/base/bytes.h"
#include "vitrine/base/nearest.h"
#include "vitrine/base/status_macros.h"

namespace vitrine {
namespace {

constexpr std::string_view kKeyMagic = "VTRkeys1";
constexpr std::string_view kKeyPrefix = "vtr_";
constexpr std::size_t kRandomBytes = 24;
constexpr std::size_t kMaxKeyNameBytes = 64;

std::string Sha256(std::string_view text) {
  std::array<unsigned char, SHA256_DIGEST_LENGTH> digest{};
  SHA256(reinterpret_cast<const unsigned char*>(text.data()), text.size(), digest.data());
  return {digest.begin(), digest.end()};
}

std::string IdOf(const std::string& hash) { return absl::BytesToHexString(hash.substr(0, 4)); }

std::string EncodeKeys(const std::vector<ApiKey>& keys) {
  ByteWriter writer;
  writer.Unsigned(keys.size());
  for (const ApiKey& key : keys) {
    writer.String(key.name);
    writer.String(key.hash);
    writer.Unsigned(key.scopes);
    writer.Double(key.calls_per_second);
    writer.Signed(key.created_us);
  }
  return writer.Take();
}

absl::StatusOr<std::vector<ApiKey>> DecodeKeys(std::string_view bytes, const std::string& path) {
  ByteReader reader(bytes);
  std::vector<ApiKey> keys(reader.Count(12));
  for (ApiKey& key : keys) {
    key.name = reader.String();
    key.hash = reader.String();
    key.scopes = static_cast<std::uint8_t>(reader.Unsigned());
    key.calls_per_second = reader.Double();
    key.created_us = reader.Signed();
    key.id = IdOf(key.hash);
  }
  VITRINE_RETURN_IF_ERROR(reader.Finish(path));
  return keys;
}

// Holds the folder's lock, so that no two commands change the file at a time.
class FolderLock {
 public:
  explicit FolderLock(const std::string& folder)
      : descriptor_(open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)) {
    if (descriptor_ >= 0) flock(descriptor_, LOCK_EX);
  }
  ~FolderLock() {
    if (descriptor_ >= 0) close(descriptor_);
  }
  FolderLock(const FolderLock&) = delete;
  FolderLock& operator=(const FolderLock&) = delete;

 private:
  const int descriptor_;
};

absl::Status CheckNew(const ApiKey& key) {
  if (key.name.empty() || key.name.size() > kMaxKeyNameBytes) {
    return absl::InvalidArgumentError(absl::StrFormat(
        "the key's name has %d bytes, wants 1 to %d; say what the key is for, such as storefront",
        key.name.size(), kMaxKeyNameBytes));
  }
  const auto is_control = [](char c) { return (c >= 0 && c < ' ') || c == 0x7f; };
  if (std::any_of(key.name.begin(), key.name.end(), is_control)) {
    return absl::InvalidArgumentError("the key's name has a control character, such as a newline");
  }
  if (key.scopes == 0) return absl::InvalidArgumentError("the key has no scope");
  if (!(key.calls_per_second >= 0) || !std::isfinite(key.calls_per_second)) {
    return absl::InvalidArgumentError("the key's calls a second are below 0; 0 means no limit");
  }
  return absl::OkStatus();
}

}  // namespace

std::string_view Name(Scope scope) {
  switch (scope) {
    case Scope::kRead:
      return "read";
    case Scope::kWrite:
      return "write";
    case Scope::kAdmin:
      break;
  }
  return "admin";
}

std::string ScopesText(std::uint8_t scopes) {
  std::string text;
  for (const Scope scope : kScopes) {
    if ((scopes & static_cast<std::uint8_t>(scope)) == 0) continue;
    if (!text.empty()) text += ',';
    text.append(Name(scope));
  }
  return text;
}

absl::StatusOr<std::uint8_t> ParseScopes(std::string_view text) {
  unsigned scopes = 0;
  const std::vector<std::string> allowed = {"read", "write", "admin"};
  const std::vector<std::string> words = absl::StrSplit(std::string(text), ',');
  for (const std::string& word : words) {
    const auto* const found = std::find_if(std::begin(kScopes), std::end(kScopes),
                                           [&](Scope scope) { return Name(scope) == word; });
    if (found == std::end(kScopes)) {
      return absl::InvalidArgumentError(
          absl::StrFormat("there is no scope \"%s\"; %s", word, Allowed(word, allowed)));
    }
    const auto bit = static_cast<unsigned>(*found);
    if ((scopes & bit) != 0) {
      return absl::InvalidArgumentError(absl::StrFormat("the scope %s is named twice", word));
    }
    scopes |= bit;
  }
  return static_cast<std::uint8_t>(scopes);
}

KeyFile::KeyFile(FileSystem& files, std::string folder)
    : files_(files), folder_(std::move(folder)), path_(folder_ + "/keys") {}

absl::StatusOr<std::optional<std::vector<ApiKey>>> KeyFile::Read() const {
  const absl::StatusOr<std::string> bytes = ReadCheckedFile(files_, path_, kKeyMagic);
  if (absl::IsNotFound(bytes.status())) return std::nullopt;
  VITRINE_RETURN_IF_ERROR(bytes.status());
  return DecodeKeys(*bytes, path_);
}

absl::Status KeyFile::Write(const std::vector<ApiKey>& keys) const {
  return WriteCheckedFile(files_, path_, kKeyMagic, EncodeKeys(keys));
}

absl::StatusOr<std::string> KeyFile::Create(ApiKey key, Micros now) {
  VITRINE_RETURN_IF_ERROR(CheckNew(key));
  VITRINE_RETURN_IF_ERROR(files_.MakeFolder(folder_));
  const FolderLock lock(folder_);
  VITRINE_ASSIGN_OR_RETURN(std::optional<std::vector<ApiKey>> read, Read());
  std::vector<ApiKey> keys = std::move(read).value_or(std::vector<ApiKey>());
  for (const ApiKey& other : keys) {
    if (other.name != key.name) continue;
    return absl::AlreadyExistsError(absl::StrFormat(
        "key %s is named \"%s\" already; revoke it, or choose another name", other.id, key.name));
  }
  std::array<unsigned char, kRandomBytes> random{};
  if (RAND_bytes(random.data(), static_cast<int>(random.size())) != 1) {
    return absl::UnavailableError("this machine gives no random numbers, so no key was made");
  }
  const std::string secret = std::string(kKeyPrefix) +
                             absl::WebSafeBase64Escape(std::string(random.begin(), random.end()));
  key.hash = Sha256(secret);
  key.created_us = now;
  keys.push_back(std::move(key));
  VITRINE_RETURN_IF_ERROR(Write(keys));
  return secret;
}

absl::Status KeyFile::Revoke(std::string_view id_or_name) {
  const FolderLock lock(folder_);
  VITRINE_ASSIGN_OR_RETURN(std::optional<std::vector<ApiKey>> read, Read());
  std::vector<ApiKey> keys = std::move(read).value_or(std::vector<ApiKey>());
  const std::size_t num_before = keys.size();
  std::erase_if(keys,
                [&](const ApiKey& key) { return key.id == id_or_name || key.name == id_or_name; });
  if (keys.size() == num_before) {
    return absl::NotFoundError(absl::StrFormat(
        "there is no key \"%s\"; `vitrine keys list` shows all, by id and name", id_or_name));
  }
  return Write(keys);
}

double Tokens::SpentNow(double per_second, Micros now) const {
  const auto passed_us = static_cast<double>(std::max<Micros>(0, now - filled_us));
  return std::max(0.0, spent - passed_us * per_second / 1e6);
}

Micros Tokens::WaitAt(double per_second, Micros now) const {
  const double missing = SpentNow(per_second, now) + 1 - std::max(1.0, per_second);
  if (missing <= 0) return 0;
  return std::max<Micros>(1, static_cast<Micros>(missing / per_second * 1e6));
}

void Tokens::Spend(double count, double per_second, Micros now) {
  spent = SpentNow(per_second, now) + count;
  filled_us = now;
}

Micros Tokens::Take(double per_second, Micros now) {
  const Micros wait = WaitAt(per_second, now);
  if (wait == 0) Spend(1, per_second, now);
  return wait;
}

Micros TokenBucket::Take(Micros now) {
  if (per_second_ <= 0) return 0;
  const std::lock_guard lock(mutex_);
  return tokens_.Take(per_second_, now);
}

absl::StatusOr<std::unique_ptr<KeyRing>> KeyRing::Open(KeyFile file) {
  std::unique_ptr<KeyRing> ring(new KeyRing(std::move(file)));
  VITRINE_RETURN_IF_ERROR(ring->Refresh());
  return ring;
}

absl::Status KeyRing::Refresh() {
  VITRINE_ASSIGN_OR_RETURN(const std::optional<std::vector<ApiKey>> keys, file_.Read());
  if (!keys.has_value()) return absl::OkStatus();
  const std::shared_ptr<const Table> before = table_.Get();
  auto table = std::make_shared<Table>();
  for (const ApiKey& key : *keys) {
    std::shared_ptr<const Entry> entry;
    if (before != nullptr && before->contains(key.hash)) {
      entry = before->at(key.hash);  // With what is left of its limit: a key never changes.
    } else {
      entry = std::make_shared<const Entry>(key);
    }
    table->emplace(key.hash, std::move(entry));
  }
  table_.Set(std::move(table));
  return absl::OkStatus();
}

std::shared_ptr<const KeyRing::Entry> KeyRing::Find(std::string_view key) const {
  const std::shared_ptr<const Table> table = table_.Get();
  if (table == nullptr) return nullptr;
  const auto found = table->find(Sha256(key));
  return found == table->end() ? nullptr : found->second;
}

}  // namespace vitrine
