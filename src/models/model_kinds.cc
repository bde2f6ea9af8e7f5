#include "vitrine/models/model_kinds.h"

#include <memory>
#include <string>
#include <type_traits>

#include "models/scorer_weights.h"
#include "vitrine/base/status_macros.h"
#include "vitrine/models/ranker_model.h"
#include "vitrine/scorers/collaborative/factor_similarity.h"
#include "vitrine/scorers/collaborative/ials.h"
#include "vitrine/scorers/collaborative/item_neighbours.h"
#include "vitrine/scorers/collaborative/mean_factors.h"
#include "vitrine/scorers/collaborative/most_popular.h"
#include "vitrine/scorers/collaborative/rating_mf.h"
#include "vitrine/scorers/collaborative/user_knn.h"
#include "vitrine/scorers/content/content.h"
#include "vitrine/scorers/context_only.h"
#include "vitrine/scorers/dnn/deep_ranker.h"
#include "vitrine/scorers/dnn/gan_cf.h"
#include "vitrine/scorers/dnn/neural_cf.h"
#include "vitrine/scorers/dnn/next_item.h"
#include "vitrine/scorers/dnn/two_tower.h"
#include "vitrine/scorers/sequential/repeat_purchase.h"
#include "vitrine/scorers/sequential/sequential_rules.h"
#include "vitrine/scorers/sequential/session_knn.h"

namespace vitrine {
namespace {

template <typename S>
Model WithExplainer(const std::shared_ptr<const S>& scorer, ModelFamily family,
                    const std::shared_ptr<const Scorer>& item_to_item) {
  return {.name = std::string(scorer->name()),
          .kind = std::string(scorer->name()),
          .family = family,
          .scorer = scorer,
          .explainer = scorer,
          .item_to_item = item_to_item};
}

// Of a model whose items have factors [num_items x d], which say how alike they are.
template <typename S>
Model WithFactors(const std::shared_ptr<const S>& scorer) {
  Model model =
      WithExplainer(scorer, ModelFamily::kBehaviour,
                    MakeFactorSimilarity(scorer, scorer->item_factors(), scorer->known_items()));
  model.vectors = MakeFactorVectors(scorer, scorer->item_factors());
  return model;
}

// How a scorer class S gets onto disk and back; `kLoad` is its LoadS.
template <typename S, absl::StatusOr<std::shared_ptr<const S>> (*kLoad)(
                          ByteReader&, std::span<const ItemIndex>, std::size_t)>
ModelKind Kind(std::string_view name) {
  return {.name = name,
          .save = [](const Model& model,
                     ByteWriter& writer) { Save(static_cast<const S&>(*model.scorer), writer); },
          .load = [](ByteReader& reader, const ItemMapping& items) -> absl::StatusOr<Model> {
            VITRINE_ASSIGN_OR_RETURN(const std::shared_ptr<const S> scorer,
                                     kLoad(reader, items.index, items.num_items));
            return MakeModel(scorer);
          }};
}

// The same for a class that serves several kinds and carries their name.
template <typename S, absl::StatusOr<std::shared_ptr<const S>> (*kLoad)(
                          std::string_view, ByteReader&, std::span<const ItemIndex>, std::size_t)>
ModelKind NamedKind(std::string_view name) {
  return {.name = name,
          .save = [](const Model& model,
                     ByteWriter& writer) { Save(static_cast<const S&>(*model.scorer), writer); },
          .load = [name](ByteReader& reader, const ItemMapping& items) -> absl::StatusOr<Model> {
            VITRINE_ASSIGN_OR_RETURN(const std::shared_ptr<const S> scorer,
                                     kLoad(name, reader, items.index, items.num_items));
            return MakeModel(scorer);
          }};
}

// The same with the weights of a scorer class S.
template <typename S>
ModelKind Weighted(ModelKind kind) {
  const auto scorer_of = [](const Model& model) -> const S& {
    return static_cast<const S&>(*model.scorer);
  };
  kind.weights =
      WeightAccess{.has_item_rows = !std::is_same_v<S, DeepRanker>,
                   .read = [scorer_of](const Model& model) { return WeightsOf(scorer_of(model)); },
                   .replace = [scorer_of](const Model& model,
                                          const nn::TensorFile& file) -> absl::StatusOr<Model> {
                     VITRINE_ASSIGN_OR_RETURN(const std::shared_ptr<const S> scorer,
                                              WithWeights(scorer_of(model), file));
                     return MakeModel(scorer);
                   }};
  return kind;
}

}  // namespace

Model MakeModel(const std::shared_ptr<const Content>& scorer) {
  Model model = WithExplainer(scorer, ModelFamily::kContent, MakeContextOnly(scorer));
  model.vectors = MakeSparseVectors(scorer, scorer->table().items);
  return model;
}

Model MakeModel(const std::shared_ptr<const DeepRanker>& ranker) {
  return WithExplainer(ranker, ModelFamily::kBehaviour, nullptr);
}

Model MakeModel(const std::shared_ptr<const GanCf>& scorer) {
  return WithExplainer(scorer, ModelFamily::kBehaviour, MakeContextOnly(scorer));
}

Model MakeModel(const std::shared_ptr<const Ials>& scorer) { return WithFactors(scorer); }

Model MakeModel(const std::shared_ptr<const ItemNeighbours>& scorer) {
  return WithExplainer(scorer, ModelFamily::kBehaviour, MakeContextOnly(scorer));
}

Model MakeModel(const std::shared_ptr<const MeanFactors>& scorer) { return WithFactors(scorer); }

Model MakeModel(const std::shared_ptr<const MostPopular>& scorer) {
  return WithExplainer(scorer, ModelFamily::kPopularity, nullptr);
}

Model MakeModel(const std::shared_ptr<const NeuralCf>& scorer) {
  return WithExplainer(scorer, ModelFamily::kBehaviour, MakeContextOnly(scorer));
}

Model MakeModel(const std::shared_ptr<const NextItem>& scorer) { return WithFactors(scorer); }

Model MakeModel(const std::shared_ptr<const RatingMf>& scorer) {
  Model model = WithExplainer(scorer, ModelFamily::kBehaviour, nullptr);
  model.ratings = scorer;
  return model;
}

Model MakeModel(const std::shared_ptr<const RepeatPurchase>& scorer) {
  return WithExplainer(scorer, ModelFamily::kBehaviour, nullptr);
}

Model MakeModel(const std::shared_ptr<const SequentialRules>& scorer) {
  return WithExplainer(scorer, ModelFamily::kBehaviour, MakeContextOnly(scorer));
}

Model MakeModel(const std::shared_ptr<const SessionKnn>& scorer) {
  return WithExplainer(scorer, ModelFamily::kBehaviour, MakeContextOnly(scorer));
}

Model MakeModel(const std::shared_ptr<const TwoTower>& scorer) {
  Model model = WithExplainer(scorer, ModelFamily::kBehaviour, MakeContextOnly(scorer));
  model.vectors = MakeFactorVectors(scorer, scorer->table().targets);
  return model;
}

Model MakeModel(const std::shared_ptr<const UserKnn>& scorer) {
  return WithExplainer(scorer, ModelFamily::kBehaviour, MakeContextOnly(scorer));
}

const std::vector<ModelKind>& ModelKinds() {
  static const std::vector<ModelKind> kinds = {
      NamedKind<ItemNeighbours, LoadItemNeighbours>("bought_together"),
      Weighted<Ials>(NamedKind<Ials, LoadIals>("bpr")),
      Kind<Content, LoadContent>("content"),
      Weighted<DeepRanker>(Kind<DeepRanker, LoadDeepRanker>("deep_ranker")),
      NamedKind<ItemNeighbours, LoadItemNeighbours>("ease"),
      NamedKind<ItemNeighbours, LoadItemNeighbours>("ease_sparse"),
      Weighted<GanCf>(Kind<GanCf, LoadGanCf>("gan_cf")),
      NamedKind<ItemNeighbours, LoadItemNeighbours>("graph_filter"),
      Weighted<Ials>(NamedKind<Ials, LoadIals>("ials")),
      NamedKind<ItemNeighbours, LoadItemNeighbours>("item_knn"),
      Weighted<MeanFactors>(NamedKind<MeanFactors, LoadMeanFactors>("lightgcn")),
      Weighted<MeanFactors>(NamedKind<MeanFactors, LoadMeanFactors>("mf_contrastive")),
      Kind<MostPopular, LoadMostPopular>("most_popular"),
      Weighted<NeuralCf>(Kind<NeuralCf, LoadNeuralCf>("neural_cf")),
      Weighted<RatingMf>(Kind<RatingMf, LoadRatingMf>("rating_mf")),
      Kind<RepeatPurchase, LoadRepeatPurchase>("repeat_purchase"),
      NamedKind<ItemNeighbours, LoadItemNeighbours>("rp3beta"),
      Weighted<NextItem>(NamedKind<NextItem, LoadNextItem>("sequence_rnn")),
      Weighted<NextItem>(NamedKind<NextItem, LoadNextItem>("sequence_transformer")),
      Kind<SequentialRules, LoadSequentialRules>("sequential_rules"),
      Kind<SessionKnn, LoadSessionKnn>("session_knn"),
      Weighted<TwoTower>(Kind<TwoTower, LoadTwoTower>("two_tower")),
      Kind<UserKnn, LoadUserKnn>("user_knn")};
  return kinds;
}

const ModelKind* FindModelKind(std::string_view name) {
  for (const ModelKind& kind : ModelKinds()) {
    if (kind.name == name) return &kind;
  }
  return nullptr;
}

}  // namespace vitrine
