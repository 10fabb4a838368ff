import Basics
import Postgres

/// Takes what the bank says of who paid, or was paid, off the lines of riders who are nobody now.
///
/// The seal of a line leaves these two columns out: what it proves is the money, and what that is.
extension StatementTables {
  /// Stands in the place of a text of the bank.
  private static let erasedText = "erased"
  /// Any number that nothing else locks: "KV" and then "payr".
  private static let payersLock: Int64 = 0x4B56_7061_7972

  /// Waits for whoever erases or takes lines at the same time, until the transaction ends.
  ///
  /// Each would not see what the other has not committed, and the name would stay. What is asked after it sees
  /// what the other did: a statement of its own.
  private func holdPayers() async throws {
    try await connection.execute(
      "select pg_advisory_xact_lock($1)", [.int8(Self.payersLock)])
  }

  /// Takes it off the lines that are known as money of somebody who becomes nobody.
  ///
  /// An adjustment is somebody's when it pays what they are owed.
  ///
  /// Their accounts, products and windows are nobody's already.
  func forgetPayers(of nobody: RiderID) async throws {
    try await holdPayers()
    try await connection.execute(
      """
      with mine (subject, subject_id) as (
        select s.subject, m.movement_id
        from wallet_account a join wallet_movement m using (account_id)
          cross join unnest(array['transfer', 'receipt']) s (subject)
        where a.rider_id = $2 and m.channel = 'bank'
        union all
        select s.subject, h.holding_id
        from product_holding h
          cross join unnest(array['sale', 'product_transfer']) s (subject)
        where h.rider_id = $2
        union all
        select 'refund', r.refund_id from charge_refund r join charge_window w using (window_id)
        where w.lane = $1 and w.rider_id = $2
        union all
        select 'debt', e.event_id from charge_event e join charge_window w using (window_id)
        where w.lane = $1 and w.rider_id = $2 and e.kind = 'paid_at_desk'),
      named (name) as (
        select 'T' || m.movement_id
        from wallet_account a join wallet_movement m using (account_id) where a.rider_id = $2
        union all
        select 'H' || h.holding_id from product_holding h where h.rider_id = $2
        union all
        select 'R' || subject_id from mine where subject = 'refund'),
      theirs (subject, subject_id) as (
        select subject, subject_id from mine
        union all
        select 'adjustment', a.adjustment_id from adjustment a
        where string_to_array(a.pays, ' ') && (select array_agg(name) from named))
      update statement_line l set counterparty = null, remittance = $3
      from theirs t where l.subject = t.subject and l.subject_id = t.subject_id
      """,
      [.int2(Lane.of(nobody)), .identifier(nobody), .text(Self.erasedText)])
  }

  /// Whose money lines are, from each line by the keys of what it is about; an adjustment may be several people's.
  private static let payersOfLines = """
    select l.line_id, p.rider_id
    from statement_line l cross join lateral (
      select a.rider_id from wallet_movement m join wallet_account a using (account_id)
      where l.subject in ('transfer', 'receipt') and m.movement_id = l.subject_id
      union all
      select h.rider_id from product_holding h
      where l.subject in ('sale', 'product_transfer') and h.holding_id = l.subject_id
      union all
      select w.rider_id from charge_refund f join charge_window w using (window_id)
      where l.subject = 'refund' and f.refund_id = l.subject_id
      union all
      select w.rider_id from charge_event e join charge_window w using (window_id)
      where l.subject = 'debt' and e.event_id = l.subject_id
      union all
      select case left(n, 1)
        when 'T' then (
          select a.rider_id from wallet_movement m join wallet_account a using (account_id)
          where m.movement_id = substr(n, 2)::int8)
        when 'H' then (
          select h.rider_id from product_holding h where h.holding_id = substr(n, 2)::int8)
        when 'R' then (
          select w.rider_id from charge_refund f join charge_window w using (window_id)
          where f.refund_id = substr(n, 2)::int8) end
      from adjustment j cross join unnest(string_to_array(j.pays, ' ')) n
      where l.subject = 'adjustment' and j.adjustment_id = l.subject_id) p (rider_id)
    """

  /// Takes it off lines that turn out to be money of somebody who was erased before the bank told of it.
  ///
  /// Each line looks for its own few riders: how many were erased makes no difference.
  func forgetErasedPayers(of lines: [Int64]) async throws {
    guard !lines.isEmpty else { return }
    try await holdPayers()
    try await connection.execute(
      """
      update statement_line l set counterparty = null, remittance = $2
      from (\(Self.payersOfLines)
        where l.line_id = any($1)) payer (line_id, rider_id) join rider r using (rider_id)
      where l.line_id = payer.line_id and r.erased_at is not null
      """, [.int8s(lines.map(Optional.some)), .text(Self.erasedText)])
  }
}
