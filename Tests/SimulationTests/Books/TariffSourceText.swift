import Basics
import Clearing
import Store
import Tariff

/// A tariff of one text.
enum TariffSourceText {
  static func source(_ text: String) -> TariffSource {
    TariffSource(
      folder: "simulated", files: [TariffFile(path: TariffSource.mainPath, text: text)])
  }
}

extension BooksHouse {
  struct NotPublished: Error { let why: String }

  /// Puts a tariff in force, though the process may end at any statement of it.
  ///
  /// What changes the past one person asks for, and another one approves above the limit.
  func publish(_ source: TariffSource, at now: Instant) async throws {
    let rerating = Rerating(store: store, city: city.current)
    let outcome = try await insist {
      try await rerating.publish(source, by: Person(label: "Olena", tokenDigest: [1]), at: now)
    }
    switch outcome {
    case .plain(.published): return
    case .ordered: break
    default: throw NotPublished(why: "\(outcome)")
    }
    try await workOrders(at: now)
    // Whoever does not know that their wish was heard asks once more.
    let waiting = try await rerating.list().filter { $0.state == .requested }
    let taras = Person(label: "Taras", tokenDigest: [2])
    for (place, order) in waiting.enumerated() {
      _ = try await insist {
        place == 0
          ? try await rerating.approve(order.id, by: taras, at: now)
          : try await rerating.refuse(order.id, by: taras, at: now)
      }
    }
    try await workOrders(at: now)
    let orders = try await rerating.list()
    guard orders.contains(where: { $0.requestedAt == now && $0.state == .done }) else {
      throw NotPublished(why: "\(orders.prefix(2))")
    }
  }

  private func workOrders(at now: Instant) async throws {
    let pieces = ReratingPieces(store: store, city: city)
    while try await insist({ try await pieces.piece(at: now) }) > 0 {}
  }
}
