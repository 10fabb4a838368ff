import Charging

/// Lists that hold the first of many: who reads one is told when there may be more.
extension [StuckTaps] {
  /// States of which as many places are listed as are read at most.
  package var cutStates: [TapState] {
    TapState.allCases.filter { state in
      count { $0.state == state } >= TapStateTables.stuckMax
    }
  }
}

extension [StoredValueDebt] {
  /// Whether as many debts of accounts, or of riders without one, are listed as are read at most.
  package var isCut: Bool {
    let accounts = count { $0.account != nil }
    return Swift.max(accounts, count - accounts) >= WalletTables.debtsMax
  }
}

extension [ChargeWindowRow] {
  /// Whether as many windows are listed as are read at most.
  package var isCut: Bool { count >= ChargingTables.listMax }
}

extension [MoneyOrderRow] {
  /// Whether as many orders are listed as are read at most.
  package var isCut: Bool { count >= OrderTables.listMax }
}

extension [AdjustmentRow] {
  /// Whether as many corrections are listed as are read at most.
  package var isCut: Bool { count >= AdjustmentTables.pageMax }
}

extension [ReconciliationRow] {
  /// How many records and captures do not agree: as many as there are remainders.
  package var remaindersInAll: Int64 {
    filter { $0.category != .matched }.reduce(0) { $0 + $1.records }
  }
}
