package import Basics
import Postgres

/// A payment file as lists show it.
package struct PaymentFileRow: Sendable, Hashable {
  package let messageID: String
  package let currency: Currency
  /// All that it pays.
  package let minor: Int64
  /// What became of its payouts: on their way, paid or returned.
  package let states: [String]
  package let createdBy: String
  package let createdAt: Instant
}

extension OperatorTables {
  /// Payment files, the newest first; at most so many.
  package func messages(countMax: Int) async throws -> [PaymentFileRow] {
    try await connection.query(
      """
      select m.message_id, m.currency, m.control_sum_minor, m.created_by, m.created_at,
        coalesce(string_agg(distinct p.state, ' '), '') as states
      from payment_message m left join payout p using (message_id)
      group by m.message_id order by m.created_at desc, m.message_id desc limit $1
      """, [.int8(Int64(countMax))]
    ).map { row in
      PaymentFileRow(
        messageID: try row.text("message_id"), currency: try row.currency("currency"),
        minor: try row.int8("control_sum_minor"),
        states: try row.text("states").split(separator: " ").map(String.init),
        createdBy: try row.text("created_by"), createdAt: try row.timestamptz("created_at"))
    }
  }
}
