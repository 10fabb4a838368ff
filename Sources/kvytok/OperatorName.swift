import Store

/// Names of operators that people write.
enum OperatorName {
  /// Refuses a name that nobody has: a misspelt operator has no figures, and nothing says so.
  static func check(
    _ id: String, _ city: City, _ store: Store, advice: String = "Look at the spelling."
  ) async throws {
    switch city.knowledge(ofOperator: id) {
    case .known: return
    case .unchecked:
      Progress.say("Not checked: no network is imported yet that could have an operator \(id).")
    case .unknown:
      // One that left the network has its figures of before.
      guard try await store.read({ try await $0.operatorMoney.isKnown(id) }) else {
        throw CommandFault(
          "Neither the network nor a tariff has an operator \(id), and nothing was booked for one. "
            + "The network has \(city.operatorsTold). \(advice)", exitCode: CommandFault.no)
      }
    }
  }
}
