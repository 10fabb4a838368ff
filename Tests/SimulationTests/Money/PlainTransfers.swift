import Basics
import Transit

/// What may go out by transfer and in cash: `docs/accounting.md`, "Stored value".
extension PlainBooks {
  /// Whether money waits for its line of a statement: none came, and it is of a day that statements tell of.
  func isUnseen(_ money: PlainBank.Money, _ minor: Int64) -> Bool {
    guard let awaited = bank.find(money, minor),
      let first = bank.statements.filter(\.isTaken).map(\.day).min()
    else { return false }
    return awaited.day >= first
  }

  /// What a rider has by transfers of which no line of a statement came yet, and two people did not take off.
  func unseen(_ rider: RiderID) -> Int64 { transfers(of: rider).unseen }

  /// What a rider has in cash: what came so, and what two people put right, but for what they took off transfers.
  func cash(_ rider: RiderID) -> Int64 {
    let takenOff = transfers(of: rider).takenOff
    let corrected = (people.transfersIn[rider] ?? []).filter { $0.money == nil }
      .reduce(0) { $0 + $1.counted }
    let missing = corrected < 0 ? min(0, corrected + takenOff) : corrected
    return (people.cash[rider] ?? 0) + missing
  }

  /// Goes through all in its order: what is taken off is first of what no statement shows then.
  private func transfers(of rider: RiderID) -> (unseen: Int64, takenOff: Int64) {
    var (unseen, takenOff) = (Int64(0), Int64(0))
    for step in people.transfersIn[rider] ?? [] {
      if let money = step.money {
        if isUnseen(money, step.ofBank) { unseen += step.counted }
      } else if step.counted < 0 {
        let part = min(unseen, -step.counted)
        unseen -= part
        takenOff += part
      }
    }
    return (unseen, takenOff)
  }
}
