#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "vitrine/base/bytes.h"
#include "vitrine/math/coarse_index.h"
#include "vitrine/scorers/dnn/sequence_network.h"
#include "vitrine/scorers/scorer.h"

namespace vitrine {

struct FactorTable;

// What comes next, by a network that reads the shopper's latest steps in order:
//
//   score(i) = <u, e_i>
//
// with u the encoding of the last step of LatestSteps(query), and e_i the item's embedding, which
// is the network's input too. It is the logit of i in the softmax that was trained. Recurrent:
// Hidasi, Karatzoglou, Baltrunas, Tikk, "Session-based recommendations with recurrent neural
// networks", ICLR 2016; self-attention: Kang, McAuley, "Self-attentive sequential recommendation",
// ICDM 2018. No user state is kept: a new event counts at once. A row of zeros is an item that the
// network does not know: kUnscored; so is everything where the query shows nothing known.
// Immutable, thread-safe.
class NextItem final : public Scorer, public Explainer {
 public:
  // `name`: of the model kind. Errors: INVALID_ARGUMENT a shape out of range, weights that are not
  // finite.
  static absl::StatusOr<std::shared_ptr<const NextItem>> Create(std::string_view name,
                                                                SequenceNetwork network);

  std::string_view name() const override { return name_; }

  // One encoding a query, then O(d) an item.
  void Score(std::span<const Query> queries, std::span<const ItemIndex> items,
             Eigen::Ref<Matrix> scores) const override;

  // The same, then scans all items, of many those that can be among the best; batches share the
  // reading of the embeddings.
  std::vector<std::vector<ScoredItem>> Retrieve(std::span<const Query> queries,
                                                const ItemBitmap* allowed,
                                                std::size_t k) const override;

  // What the score changed by when each step came: <u_t - u_(t-1), e_i>, exact, since the encoding
  // of a step depends on nothing after it; where places count from the newest step it does, and
  // each u_t is encoded anew, as if step t were the last. kBase: <b, e_i>, b the shift of the
  // network's last norm, which is there before the first step.
  std::vector<Contribution> Explain(const Query& query, ItemIndex item) const override;
  std::vector<std::vector<Contribution>> ExplainAll(
      const Query& query, std::span<const ItemIndex> items) const override;

  // u for each query [queries.size() x d]. Zero: nothing to say.
  Matrix UserVectors(std::span<const Query> queries) const;

  const SequenceNetwork& network() const { return network_; }
  const Matrix& item_factors() const { return network_.items.weight.value; }  // [num_items x d]
  const ItemBitmap& known_items() const { return known_items_; }

 private:
  // What a list needs of a query, and what the states of its steps go on from, which reasons alone
  // need.
  struct Encoded {
    std::vector<SequenceStep> steps{};
    Matrix trunk{};  // The network's [steps x d].
    Matrix last{};   // u [1 x d]
  };

  NextItem(std::string_view name, SequenceNetwork network);
  FactorTable Table() const;
  std::vector<SequenceStep> StepsOf(const Query& query) const;
  StepBatch BatchOf(std::span<const SequenceStep> steps) const;
  std::shared_ptr<const Encoded> EncodedOf(const Query& query) const;
  // u after each step, as if it were the last [steps x d]
  Matrix StatesAfterEach(const Encoded& query) const;

  std::string name_;
  SequenceNetwork network_;                   // Without gradients.
  ItemBitmap known_items_;                    // Rows that are not zero.
  std::shared_ptr<const CoarseIndex> index_;  // Of the embeddings; null where items are few.
};

void Save(const NextItem& scorer, ByteWriter& writer);

// Row r of what was saved becomes item row_to_index[r], 0xFFFFFFFF drops it; `num_items` items.
// Errors: DATA_LOSS the bytes are damaged.
absl::StatusOr<std::shared_ptr<const NextItem>> LoadNextItem(
    std::string_view name, ByteReader& reader, std::span<const ItemIndex> row_to_index,
    std::size_t num_items);

}  // namespace vitrine
