package import Tapping
import Tariff
import Transit

/// What the city knows of a name that a person wrote down.
package enum NameKnowledge: Sendable, Equatable {
  case known
  /// What is published has no such name.
  case unknown
  /// Nothing is published yet that could have it.
  case unchecked
}

extension City {
  /// Most names that a refusal lists.
  package static let namesToldMax = 20

  /// Whether the network, or the tariff, has the stop of a place; nobody can know all vehicles.
  package func knowledge(of place: DevicePlace?) -> NameKnowledge {
    guard let stop = place?.stop else { return .known }
    if network.stopIndex(id: stop) != nil || book?.names(stop: stop) == true { return .known }
    return network.stops.isEmpty ? .unchecked : .unknown
  }

  /// Whether the network, or the tariff, has an operator.
  package func knowledge(ofOperator id: String) -> NameKnowledge {
    if network.operatorIndex(id: id) != nil || book?.names(operatorID: id) == true { return .known }
    return network.operators.isEmpty ? .unchecked : .unknown
  }

  /// The operators that the network has, as far as a refusal lists them.
  package var operatorsTold: String {
    let ids = network.operators.map(\.id).sorted()
    let rest = ids.count > Self.namesToldMax ? ", …" : ""
    return ids.prefix(Self.namesToldMax).joined(separator: ", ") + rest
  }
}
