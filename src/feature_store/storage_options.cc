#include "feature_store/storage_options.h"

#include <rocksdb/cache.h>
#include <rocksdb/file_checksum.h>
#include <rocksdb/filter_policy.h>
#include <rocksdb/table.h>

#include <array>

#include "feature_store/rocksdb_files.h"

namespace vitrine {
namespace {

constexpr std::array<const char*, kNumTables> kTableNames = {
    "default", "log", "items", "shoppers", "event_ids", "erased",
};

// What a table may hold in memory before it is sorted into a file, and in the write-ahead log of
// all tables together. They bound what a start after a crash reads again to about a second's worth.
constexpr std::size_t kWriteBufferBytes = 16 << 20;
constexpr std::size_t kMaxLogBytes = 64 << 20;
constexpr std::size_t kBlockCacheBytes = 32 << 20;

}  // namespace

rocksdb::DBOptions MakeTableOptions(rocksdb::Env& env, Storage::Access access) {
  rocksdb::DBOptions options;
  options.env = &env;
  options.info_log = MakeRocksLogger();
  options.create_if_missing = access == Storage::Access::kOwner;
  options.create_missing_column_families = options.create_if_missing;
  options.paranoid_checks = true;
  // The torn tail is cut before; any damage that is left is an error.
  options.wal_recovery_mode = rocksdb::WALRecoveryMode::kAbsoluteConsistency;
  options.track_and_verify_wals_in_manifest = true;
  // Of each table's file as a whole, kept in the manifest: no block's checksum covers its end.
  options.file_checksum_gen_factory = rocksdb::GetFileChecksumGenCrc32cFactory();
  options.max_bgerror_resume_count = 0;  // A failed write is never retried.
  options.max_total_wal_size = kMaxLogBytes;
  options.stats_dump_period_sec = 0;
  options.stats_persist_period_sec = 0;
  if (access == Storage::Access::kReader) {
    // The owner appends while we read: the end of its log may be half a record.
    options.wal_recovery_mode = rocksdb::WALRecoveryMode::kPointInTimeRecovery;
    options.max_open_files = -1;  // An open file can be read after the owner removed it.
  }
  return options;
}

std::vector<rocksdb::ColumnFamilyDescriptor> DescribeTables() {
  rocksdb::BlockBasedTableOptions table;
  table.filter_policy.reset(rocksdb::NewBloomFilterPolicy(10));
  table.block_cache = rocksdb::NewLRUCache(kBlockCacheBytes);
  rocksdb::ColumnFamilyOptions options;
  options.table_factory.reset(rocksdb::NewBlockBasedTableFactory(table));
  // What an erasure left behind can be searched for in the files, by a test and by an auditor.
  options.compression = rocksdb::kNoCompression;
  options.write_buffer_size = kWriteBufferBytes;
  options.arena_block_size = kWriteBufferBytes / 64;  // Five of the six tables stay small.
  // Nearly every event id that is looked up is new: the filter says so without a search.
  options.memtable_prefix_bloom_size_ratio = 0.05;
  options.memtable_whole_key_filtering = true;
  std::vector<rocksdb::ColumnFamilyDescriptor> tables;
  tables.reserve(kTableNames.size());
  for (const char* name : kTableNames) tables.emplace_back(name, options);
  return tables;
}

}  // namespace vitrine
