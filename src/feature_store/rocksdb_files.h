#pragma once

#include <rocksdb/env.h>
#include <rocksdb/status.h>

#include <memory>
#include <string_view>

#include "absl/status/status.h"
#include "vitrine/base/file_system.h"

namespace vitrine {

// RocksDB's environment with every change to a file (create, append, sync, rename, remove, folders)
// going through `files`; reads and the lock file go to the machine directly. `files` must outlive
// it.
std::unique_ptr<rocksdb::Env> MakeRocksEnv(FileSystem& files);

// RocksDB's warnings and errors as lines of our log.
std::shared_ptr<rocksdb::Logger> MakeRocksLogger();

// The same status in our codes; `what` says what was being done. Corruption is DATA_LOSS, a full
// disk RESOURCE_EXHAUSTED, a missing file NOT_FOUND, anything else UNAVAILABLE.
absl::Status FromRocks(const rocksdb::Status& status, std::string_view what);

}  // namespace vitrine
