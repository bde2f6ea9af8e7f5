#include <rocksdb/db.h>
#include <rocksdb/file_checksum.h>
#include <rocksdb/file_system.h>
#include <rocksdb/metadata.h>
#include <rocksdb/sst_file_reader.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "absl/strings/str_format.h"
#include "feature_store/rocksdb_files.h"
#include "feature_store/storage_options.h"
#include "feature_store/storage_state.h"
#include "feature_store/wal_tail.h"
#include "vitrine/base/status_macros.h"

namespace vitrine {
namespace {

constexpr std::string_view kManifestPrefix = "MANIFEST-";

using TableFiles = std::vector<rocksdb::LiveFileMetaData>;

// RocksDB's files but for the tables: on damage in one that it opens it may end the process.
class FilesWithoutTables final : public rocksdb::FileSystemWrapper {
 public:
  explicit FilesWithoutTables(const std::shared_ptr<rocksdb::FileSystem>& files)
      : FileSystemWrapper(files) {}

  const char* Name() const override { return "VitrineFilesWithoutTables"; }

  rocksdb::IOStatus NewRandomAccessFile(const std::string& path, const rocksdb::FileOptions&,
                                        std::unique_ptr<rocksdb::FSRandomAccessFile>*,
                                        rocksdb::IODebugContext*) override {
    return rocksdb::IOStatus::IOError(path + " is not opened in order to be listed");
  }
};

absl::Status MissingFileError(const std::string& folder, std::string_view reason) {
  return absl::DataLossError(
      absl::StrFormat("a file that %s/CURRENT leads to is missing: %s; "
                      "restore a backup",
                      folder, reason));
}

// The path of the manifest, from the one line that CURRENT holds.
absl::StatusOr<std::string> ReadCurrent(FileSystem& files, const std::string& folder) {
  VITRINE_ASSIGN_OR_RETURN(const std::string line, files.ReadFile(folder + "/CURRENT"));
  const bool is_name =
      line.starts_with(kManifestPrefix) && line.ends_with('\n') &&
      line.find_first_not_of("0123456789", kManifestPrefix.size()) == line.size() - 1;
  if (is_name) return folder + "/" + line.substr(0, line.size() - 1);
  return absl::DataLossError(absl::StrFormat(
      "%s/CURRENT is damaged: one line is wanted, %s and a number; restore a backup", folder,
      kManifestPrefix));
}

absl::StatusOr<std::string> CheckManifestOnce(FileSystem& files, const std::string& folder) {
  VITRINE_ASSIGN_OR_RETURN(std::string path, ReadCurrent(files, folder));
  VITRINE_ASSIGN_OR_RETURN(const std::string bytes, files.ReadFile(path));
  const WalTail tail = InspectWal(bytes);
  if (!tail.is_damaged && (tail.is_cut_off || tail.intact_bytes == bytes.size())) return path;
  return absl::DataLossError(absl::StrFormat("%s is damaged behind byte %d of %d; restore a backup",
                                             path, tail.intact_bytes, bytes.size()));
}

// Reads the manifest before RocksDB does, and returns its path. What a crash cut off at its end was
// not in use yet, and RocksDB passes over it.
absl::StatusOr<std::string> CheckManifest(FileSystem& files, const std::string& folder) {
  auto path = CheckManifestOnce(files, folder);
  // An owner that starts replaces it.
  for (int attempt = 1; absl::IsNotFound(path.status()) && attempt < kReaderAttempts; ++attempt) {
    std::this_thread::sleep_for(kReaderPause);
    path = CheckManifestOnce(files, folder);
  }
  if (!absl::IsNotFound(path.status())) return path;
  return MissingFileError(folder, std::string(path.status().message()));
}

absl::StatusOr<TableFiles> ListTableFilesOnce(rocksdb::Env& env, const std::string& folder,
                                              const std::string& manifest) {
  const auto listing_env =
      rocksdb::NewCompositeEnv(std::make_shared<FilesWithoutTables>(env.GetFileSystem()));
  rocksdb::DBOptions options = MakeTableOptions(*listing_env, Storage::Access::kReader);
  // For the list alone: whether tables and write-ahead logs are whole is asked elsewhere.
  options.paranoid_checks = false;
  options.wal_recovery_mode = rocksdb::WALRecoveryMode::kSkipAnyCorruptedRecords;
  options.skip_stats_update_on_db_open = true;
  options.max_file_opening_threads = 1;
  std::vector<rocksdb::ColumnFamilyDescriptor> tables;
  for (const rocksdb::ColumnFamilyDescriptor& table : DescribeTables()) {
    tables.emplace_back(table.name, rocksdb::ColumnFamilyOptions());
  }
  std::vector<rocksdb::ColumnFamilyHandle*> handles;
  rocksdb::DB* opened = nullptr;
  const rocksdb::Status listed =
      rocksdb::DB::OpenForReadOnly(options, folder, tables, &handles, &opened);
  const std::unique_ptr<rocksdb::DB> db(opened);
  VITRINE_RETURN_IF_ERROR(FromRocks(listed, "list the tables and logs that " + manifest + " has"));
  TableFiles files;
  db->GetLiveFilesMetaData(&files);
  for (rocksdb::ColumnFamilyHandle* handle : handles) db->DestroyColumnFamilyHandle(handle);
  return files;
}

// The files of the tables, as the manifest has them: another file in the folder is none of theirs,
// such as one that an owner is writing, or that a crash left half written.
absl::StatusOr<TableFiles> ListTableFiles(rocksdb::Env& env, const std::string& folder,
                                          const std::string& manifest) {
  auto files = ListTableFilesOnce(env, folder, manifest);
  // A write-ahead log that the owner removes meanwhile looks like damage.
  for (int attempt = 1; !files.ok() && attempt < kReaderAttempts; ++attempt) {
    std::this_thread::sleep_for(kReaderPause);
    files = ListTableFilesOnce(env, folder, manifest);
  }
  if (!absl::IsNotFound(files.status())) return files;
  return MissingFileError(folder, std::string(files.status().message()));
}

// Without what names the manifest there is no store, unless there are tables or logs.
absl::Status CheckHasNoTables(const std::string& folder, FileSystem& files) {
  const auto names = files.ListFolder(folder);
  if (absl::IsNotFound(names.status())) return absl::OkStatus();
  VITRINE_RETURN_IF_ERROR(names.status());
  for (const std::string& name : *names) {
    if (!name.ends_with(".sst") && !name.ends_with(kWalSuffix)) continue;
    return absl::DataLossError(
        absl::StrFormat("%s/CURRENT is missing, and %s there; restore a backup", folder, name));
  }
  return absl::OkStatus();
}

// Every byte, against the checksum of the whole file. Tables from before there was one have none.
absl::Status CheckAsWritten(FileSystem& files, const std::string& path,
                            const rocksdb::LiveFileMetaData& table) {
  if (table.file_checksum_func_name != rocksdb::kStandardDbFileChecksumFuncName) {
    return absl::OkStatus();
  }
  rocksdb::FileChecksumGenContext context;
  context.file_name = path;
  context.requested_checksum_func_name = table.file_checksum_func_name;
  const auto checksum =
      rocksdb::GetFileChecksumGenCrc32cFactory()->CreateFileChecksumGenerator(context);
  VITRINE_ASSIGN_OR_RETURN(const auto file, files.OpenForRead(path));
  std::string piece(kReadAheadBytes, '\0');
  std::uint64_t at = 0;
  for (std::size_t count = piece.size(); count == piece.size(); at += count) {
    VITRINE_ASSIGN_OR_RETURN(count, file->ReadAt(at, piece));
    checksum->Update(piece.data(), count);
  }
  checksum->Finalize();
  if (checksum->GetChecksum() == table.file_checksum) return absl::OkStatus();
  return absl::DataLossError(
      absl::StrFormat("%s is damaged: its checksum does not match; restore a backup", path));
}

absl::Status CheckBlocks(rocksdb::Env& env, const std::string& path) {
  rocksdb::DBOptions options = MakeTableOptions(env, Storage::Access::kReader);
  // The manifest has it, which a file by itself has not: RocksDB would warn of every one.
  options.verify_sst_unique_id_in_manifest = false;
  rocksdb::SstFileReader file(rocksdb::Options(options, DescribeTables().front().options));
  rocksdb::ReadOptions read;
  read.readahead_size = kReadAheadBytes;
  rocksdb::Status status = file.Open(path);
  if (status.ok()) status = file.VerifyChecksum(read);
  return FromRocks(status, "check " + path);
}

absl::Status CheckTableFile(FileSystem& files, rocksdb::Env& env, const std::string& path,
                            const rocksdb::LiveFileMetaData& table) {
  // First: on damage in a block RocksDB may end the process.
  VITRINE_RETURN_IF_ERROR(CheckAsWritten(files, path, table));
  return CheckBlocks(env, path);
}

bool Has(const TableFiles& files, const std::string& name) {
  return std::any_of(files.begin(), files.end(), [&](const rocksdb::LiveFileMetaData& file) {
    return file.relative_filename == name;
  });
}

}  // namespace

absl::StatusOr<std::size_t> Storage::CheckFiles(const std::string& folder, FileSystem& files) {
  WalWatch unused;  // Nothing is written.
  const std::unique_ptr<rocksdb::Env> env = MakeRocksEnv(files, unused);
  if (!env->FileExists(folder + "/CURRENT").ok()) {
    VITRINE_RETURN_IF_ERROR(CheckHasNoTables(folder, files));
    return 0;
  }
  VITRINE_ASSIGN_OR_RETURN(const std::string manifest, CheckManifest(files, folder));
  VITRINE_ASSIGN_OR_RETURN(const std::size_t torn_bytes, CheckWals(files, folder));
  VITRINE_ASSIGN_OR_RETURN(const TableFiles tables, ListTableFiles(*env, folder, manifest));
  for (const rocksdb::LiveFileMetaData& table : tables) {
    const std::string path = folder + "/" + table.relative_filename;
    const absl::Status whole = CheckTableFile(files, *env, path, table);
    if (whole.ok()) continue;
    if (!absl::IsNotFound(whole)) return whole;
    VITRINE_ASSIGN_OR_RETURN(const TableFiles now, ListTableFiles(*env, folder, manifest));
    if (!Has(now, table.relative_filename)) continue;
    return absl::DataLossError(absl::StrFormat("%s is missing; restore a backup", path));
  }
  return torn_bytes;
}

}  // namespace vitrine
