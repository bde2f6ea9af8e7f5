#pragma once

#include <rocksdb/db.h>

#include <chrono>
#include <vector>

#include "feature_store/storage.h"

namespace vitrine {

// The owner may remove a file while a reader opens the tables.
inline constexpr int kReaderAttempts = 5;
inline constexpr auto kReaderPause = std::chrono::milliseconds(50);

// How RocksDB opens the tables for an owner or a reader. `env` must outlive what is opened.
rocksdb::DBOptions MakeTableOptions(rocksdb::Env& env, Storage::Access access);

// The column families with their options, in the order of Table.
std::vector<rocksdb::ColumnFamilyDescriptor> DescribeTables();

}  // namespace vitrine
