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

  /// Takes it off lines that turn out to be money of somebody who was erased before the bank told of it.
  func forgetErasedPayers(of lines: [Int64]) async throws {
    guard !lines.isEmpty else { return }
    try await holdPayers()
    try await connection.execute(
      """
      update statement_line l set counterparty = null, remittance = $2
      from rider r
      where l.line_id = any($1) and r.erased_at is not null and r.rider_id in (select case
        when l.subject in ('transfer', 'receipt') then (
          select a.rider_id from wallet_movement m join wallet_account a using (account_id)
          where m.movement_id = l.subject_id)
        when l.subject in ('sale', 'product_transfer') then (
          select h.rider_id from product_holding h where h.holding_id = l.subject_id)
        when l.subject = 'refund' then (
          select w.rider_id from charge_refund f join charge_window w using (window_id)
          where f.refund_id = l.subject_id)
        when l.subject = 'debt' then (
          select w.rider_id from charge_event e join charge_window w using (window_id)
          where e.event_id = l.subject_id) end
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
        from adjustment a cross join unnest(string_to_array(a.pays, ' ')) n
        where l.subject = 'adjustment' and a.adjustment_id = l.subject_id)
      """, [.int8s(lines.map(Optional.some)), .text(Self.erasedText)])
  }
}
