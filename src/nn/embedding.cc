#include "vitrine/nn/embedding.h"

#include <algorithm>
#include <cassert>

#include "nn/shards.h"

namespace vitrine::nn {

namespace {

float WeightOf(const Bags& bags, std::size_t bag, std::size_t place, BagKind kind) {
  const float weight = bags.weights.empty() ? 1.0F : bags.weights[place];
  if (kind == BagKind::kSum) return weight;
  return weight / static_cast<float>(bags.begin[bag + 1] - bags.begin[bag]);
}

}  // namespace

Embedding::Embedding(std::size_t num_ids, std::size_t dimensions, double deviation, Random& random)
    : weight({num_ids, dimensions}) {
  weight.is_sparse = true;
  FillNormal(weight, deviation, random);
}

void Embedding::AddParameters(const std::string& prefix, ParameterList& list) {
  list.push_back({JoinName(prefix, "weight"), &weight});
}

const Matrix& Embedding::Forward(std::span<const std::uint32_t> ids, Cache& cache,
                                 const Pass& pass) const {
  cache.output.resize(static_cast<Eigen::Index>(ids.size()), weight.value.cols());
  ForEachRows(cache.output.rows(), cache.output.cols(), pass.pool,
              [&](Eigen::Index begin, Eigen::Index end) {
                for (Eigen::Index i = begin; i < end; ++i) {
                  const std::uint32_t id = ids[static_cast<std::size_t>(i)];
                  assert(id == kNoId || id < weight.value.rows());
                  if (id == kNoId) {
                    cache.output.row(i).setZero();
                  } else {
                    cache.output.row(i) = weight.value.row(id);
                  }
                }
              });
  return cache.output;
}

const Matrix& Embedding::ForwardBags(const Bags& bags, BagKind kind, Cache& cache,
                                     const Pass& pass) const {
  const std::size_t num_bags = bags.begin.size() - 1;
  cache.output.resize(static_cast<Eigen::Index>(num_bags), weight.value.cols());
  const auto ids_each =
      static_cast<Eigen::Index>(bags.ids.size() / std::max<std::size_t>(num_bags, 1));
  ForEachRows(cache.output.rows(), ids_each * cache.output.cols(), pass.pool,
              [&](Eigen::Index begin, Eigen::Index end) {
                for (Eigen::Index row = begin; row < end; ++row) {
                  const auto bag = static_cast<std::size_t>(row);
                  cache.output.row(row).setZero();
                  for (std::size_t i = bags.begin[bag]; i < bags.begin[bag + 1]; ++i) {
                    if (bags.ids[i] == kNoId) continue;
                    cache.output.row(row) +=
                        WeightOf(bags, bag, i, kind) * weight.value.row(bags.ids[i]);
                  }
                }
              });
  return cache.output;
}

void Embedding::Backward(std::span<const std::uint32_t> ids, const Matrix& by_output, Cache& cache,
                         const Pass& pass) {
  cache.uses.clear();
  for (std::size_t i = 0; i < ids.size(); ++i) {
    if (ids[i] != kNoId) cache.uses.push_back({ids[i], static_cast<std::uint32_t>(i), 1});
  }
  AddGradients(by_output, cache, pass);
}

void Embedding::BackwardBags(const Bags& bags, BagKind kind, const Matrix& by_output, Cache& cache,
                             const Pass& pass) {
  cache.uses.clear();
  for (std::size_t bag = 0; bag + 1 < bags.begin.size(); ++bag) {
    for (std::size_t i = bags.begin[bag]; i < bags.begin[bag + 1]; ++i) {
      if (bags.ids[i] == kNoId) continue;
      cache.uses.push_back(
          {bags.ids[i], static_cast<std::uint32_t>(bag), WeightOf(bags, bag, i, kind)});
    }
  }
  AddGradients(by_output, cache, pass);
}

void Embedding::AddGradients(const Matrix& by_output, Cache& cache, const Pass& pass) {
  // Not stable_sort, which allocates. The weight is in the order too, so that it is total.
  std::sort(cache.uses.begin(), cache.uses.end(), [](const Use& a, const Use& b) {
    if (a.id != b.id) return a.id < b.id;
    return a.row != b.row ? a.row < b.row : a.weight < b.weight;
  });
  cache.starts.clear();
  for (std::size_t i = 0; i < cache.uses.size(); ++i) {
    if (i > 0 && cache.uses[i].id == cache.uses[i - 1].id) continue;
    cache.starts.push_back(i);
    weight.touched.push_back(cache.uses[i].id);
  }
  const std::size_t num_ids = cache.starts.size();
  cache.starts.push_back(cache.uses.size());
  std::sort(weight.touched.begin(), weight.touched.end());
  weight.touched.erase(std::unique(weight.touched.begin(), weight.touched.end()),
                       weight.touched.end());

  ForEachRows(static_cast<Eigen::Index>(num_ids), 2 * weight.value.cols(), pass.pool,
              [&](Eigen::Index begin, Eigen::Index end) {
                for (auto i = static_cast<std::size_t>(begin); i < static_cast<std::size_t>(end);
                     ++i) {
                  for (std::size_t j = cache.starts[i]; j < cache.starts[i + 1]; ++j) {
                    const Use& use = cache.uses[j];
                    weight.gradient.row(use.id) += use.weight * by_output.row(use.row);
                  }
                }
              });
}

}  // namespace vitrine::nn
