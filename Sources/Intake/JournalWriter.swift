import Basics
import Store
import Tapping

/// Makes groups of batches durable: most of them in one statement, the rest with a look before.
///
/// A batch whose numbers are all new by what this process remembers of its register is decided
/// without asking the database, and written by a statement that holds only while the register still
/// stands so. Everything else (repeats, contradictions, impossible taps, registers not remembered,
/// another process in between) goes through ``TapJournal``, which locks first and then decides.
/// Batches of one register keep their order of arrival either way.
struct JournalWriter: Sendable {
  private let store: Store
  private let journal: TapJournal
  private let cache = RegisterCache()
  private let announcer: JournalAnnouncer

  init(store: Store, journal: TapJournal) {
    self.store = store
    self.journal = journal
    announcer = JournalAnnouncer(store: store)
  }

  /// What became of each batch, in the order of the group, once all that is stored is durable.
  func commit(_ group: [IncomingBatch]) async throws -> [BatchVerdict] {
    var verdicts = [BatchVerdict?](repeating: nil, count: group.count)
    let quick = plan(group)
    if !quick.rows.batches.isEmpty {
      if try await store.append(quick.rows, expecting: quick.expected) {
        cache.keep(quick.states.mapValues(\.register))
        for (index, outcome) in quick.outcomes { verdicts[index] = .decided(outcome) }
        announcer.announce()
      } else {
        cache.forget(quick.states.keys)
      }
    }
    let rest = group.indices.filter { verdicts[$0] == nil }
    if !rest.isEmpty {
      let items = rest.map { group[$0] }
      // Nothing is remembered of what a transaction touches that may fail half way.
      cache.forget(items.map(\.register))
      let decided = try await store.write { session in
        try await journal.store(items, in: session)
      }
      cache.keep(decided.registers)
      announcer.announce()
      for (index, verdict) in zip(rest, decided.verdicts) { verdicts[index] = verdict }
    }
    return verdicts.map { verdict in
      guard let verdict else { preconditionFailure("a batch was forgotten") }
      return verdict
    }
  }

  /// What of a group can be written at once, and what has to hold for it.
  private struct QuickPlan {
    var rows = JournalGroup()
    var expected: [ExpectedRegister] = []
    var outcomes: [(Int, AdmissionOutcome)] = []
    var states: [RegisterKey: RegisterState] = [:]
    /// The key that a register's batches of this group were signed with: one for all of them.
    var keys: [RegisterKey: [UInt8]] = [:]
  }

  private func plan(_ group: [IncomingBatch]) -> QuickPlan {
    let known = cache.registers(of: group.lazy.map(\.register))
    var plan = QuickPlan()
    guard !known.isEmpty else { return plan }
    // What comes after a batch that has to wait, waits too: the order of arrival counts.
    var waiting: Set<RegisterKey> = []
    for (index, item) in group.enumerated() {
      let key = item.register
      guard !waiting.contains(key), let register = known[key],
        plan.keys[key] ?? item.publicKey == item.publicKey,
        let outcome = decide(item, plan.states[key] ?? RegisterState(register))
      else {
        waiting.insert(key)
        continue
      }
      plan.states[key, default: RegisterState(register)].note(item, outcome)
      plan.keys[key] = item.publicKey
      plan.outcomes.append((index, outcome))
      plan.rows.batches.append(item.row(outcome, numbers: outcome.added, impossible: []))
    }
    for (key, state) in plan.states {
      guard let register = known[key], let publicKey = plan.keys[key],
        let change = state.change()
      else { continue }
      plan.rows.changes.append(change)
      plan.expected.append(
        ExpectedRegister(
          register: key, seen: register.seen.ranges, publicKey: publicKey,
          session: register.session))
    }
    return plan
  }

  /// The outcome of a batch that brings nothing but new and possible taps; nil for any other.
  private func decide(_ item: IncomingBatch, _ state: RegisterState) -> AdmissionOutcome? {
    guard state.publicKeys.contains(item.publicKey), item.follows(state.session),
      item.proof.session?.checkpoint == nil, let seqs = item.plainSeqs,
      let outcome = Admission.decide(
        plain: seqs,
        clock: ClockOffset(sentAt: item.outline.sentAt, receivedAt: item.receivedAt),
        seen: state.seen, limits: journal.limits),
      outcome.seen.ranges.count <= RegisterCache.rangesMax
    else { return nil }
    return outcome
  }
}
