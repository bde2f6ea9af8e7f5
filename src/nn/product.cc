#include "vitrine/nn/product.h"

#include <algorithm>
#include <cassert>
#include <cstddef>

#include "nn/shards.h"

namespace vitrine::nn {

namespace {

// Of a tile of the result, and of the terms summed at once. The packed parts of the factors then
// take at most 128 KiB each (EIGEN_STACK_ALLOCATION_LIMIT), beyond which Eigen allocates them.
constexpr Eigen::Index kTileRows = 256;
constexpr Eigen::Index kTileColumns = 256;
constexpr Eigen::Index kTileDepth = 128;
static_assert(kTileRows * kTileDepth * sizeof(float) <= EIGEN_STACK_ALLOCATION_LIMIT);

// Products of fewer multiplications are done on the calling thread.
constexpr Eigen::Index kMinMultiplications = 1 << 18;

struct Tile {
  Eigen::Index row = 0;
  Eigen::Index rows = 0;
  Eigen::Index column = 0;
  Eigen::Index columns = 0;
};

// Fewer rows where the result is small, so that there is work for threads.
Eigen::Index TileRows(Eigen::Index rows, Eigen::Index tiles_across) {
  constexpr Eigen::Index kWantedTiles = 8;
  constexpr Eigen::Index kMinRows = 32;
  const Eigen::Index even = rows * tiles_across / kWantedTiles;
  return std::clamp((even + kMinRows - 1) / kMinRows * kMinRows, kMinRows, kTileRows);
}

// Calls add(part, tile, begin, depth) for the parts of the sum, in order, of every tile of
// `result`.
template <typename Add>
void ForEachTile(Eigen::Index depth, Into into, View& result, ThreadPool* pool, const Add& add) {
  const Eigen::Index across = (result.cols() + kTileColumns - 1) / kTileColumns;
  const Eigen::Index tile_rows = TileRows(result.rows(), across);
  const Eigen::Index down = (result.rows() + tile_rows - 1) / tile_rows;
  const auto body = [&](std::size_t index) {
    Tile tile;
    tile.row = static_cast<Eigen::Index>(index) / across * tile_rows;
    tile.column = static_cast<Eigen::Index>(index) % across * kTileColumns;
    tile.rows = std::min(tile_rows, result.rows() - tile.row);
    tile.columns = std::min(kTileColumns, result.cols() - tile.column);
    auto part = result.block(tile.row, tile.column, tile.rows, tile.columns);
    if (into == Into::kSet) part.setZero();
    for (Eigen::Index begin = 0; begin < depth; begin += kTileDepth) {
      add(part, tile, begin, std::min(kTileDepth, depth - begin));
    }
  };
  const bool is_small = result.rows() * result.cols() * depth < kMinMultiplications;
  ForEachShard(static_cast<std::size_t>(across * down), is_small ? nullptr : pool, body);
}

}  // namespace

void Product(const ConstView& a, const ConstView& b, Into into, View result, ThreadPool* pool) {
  assert(a.cols() == b.rows() && result.rows() == a.rows() && result.cols() == b.cols());
  ForEachTile(a.cols(), into, result, pool,
              [&](auto& part, const Tile& tile, Eigen::Index begin, Eigen::Index depth) {
                part.noalias() += a.block(tile.row, begin, tile.rows, depth) *
                                  b.block(begin, tile.column, depth, tile.columns);
              });
}

void ProductWithTransposed(const ConstView& a, const ConstView& b, Into into, View result,
                           ThreadPool* pool) {
  assert(a.cols() == b.cols() && result.rows() == a.rows() && result.cols() == b.rows());
  ForEachTile(a.cols(), into, result, pool,
              [&](auto& part, const Tile& tile, Eigen::Index begin, Eigen::Index depth) {
                part.noalias() += a.block(tile.row, begin, tile.rows, depth) *
                                  b.block(tile.column, begin, tile.columns, depth).transpose();
              });
}

void ProductOfTransposed(const ConstView& a, const ConstView& b, Into into, View result,
                         ThreadPool* pool) {
  assert(a.rows() == b.rows() && result.rows() == a.cols() && result.cols() == b.cols());
  ForEachTile(a.rows(), into, result, pool,
              [&](auto& part, const Tile& tile, Eigen::Index begin, Eigen::Index depth) {
                part.noalias() += a.block(begin, tile.row, depth, tile.rows).transpose() *
                                  b.block(begin, tile.column, depth, tile.columns);
              });
}

}  // namespace vitrine::nn
