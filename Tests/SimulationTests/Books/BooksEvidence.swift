/// What the database holds of the riders and windows that findings name, to see how it came about.
enum BooksEvidence {
  static func lines(_ findings: [String], _ house: BooksHouse) async throws -> [String] {
    let riders = Set(
      findings.flatMap { $0.split { !($0.isHexDigit || $0 == "-") } }.filter { $0.count == 36 })
    return try await money(findings, house)
      + house.texts(
        """
        with named as (select id::uuid as rider_id from unnest('{\(riders.joined(separator: ","))}'::text[]) id)
        select concat_ws(' ', 'run', c.run_id, c.started_at, r.rider_id, r.fare_day, r.device_id, r.seq,
          r.charged_minor, r.category, r.tariff_version, 'ride', r.ride_id, 'reversed by', r.reversed_run_id,
          c.lane, c.riders_text)
        from ride r join named using (rider_id) join (
          select run_id, started_at, lane, rider_days || ' days' as riders_text from clearing_run) c using (run_id)
        union all
        select concat_ws(' ', 'tap', t.fare_day, t.rider_id, t.device_id, t.epoch, t.seq, t.tapped_at, t.batch_id)
        from tap t join named using (rider_id)
        union all
        select concat_ws(' ', 'day', f.*) from fare_day f join named using (rider_id)
        union all
        select concat_ws(' ', 'event', e.*) from rider_event e join named using (rider_id)
        union all
        select concat_ws(' ', 'account', a.*) from wallet_account a join named using (rider_id)
        union all
        select concat_ws(' ', 'movement', m.*) from wallet_movement m join wallet_account using (account_id)
          join named using (rider_id)
        union all
        select concat_ws(' ', 'proof', e.*) from entitlement e join named using (rider_id)
        union all
        select concat_ws(' ', 'window', w.*) from charge_window w join named using (rider_id)
        order by 1
        """)
  }

  /// How findings about windows begin: the number of one, or the name of a payment, comes behind them.
  private static let ofWindows = ["money of a window", "a window", "captured "]

  /// What became of the windows that findings name, at the acquirer and here.
  private static func money(_ findings: [String], _ house: BooksHouse) async throws -> [String] {
    let windows = Set(
      findings.filter { finding in ofWindows.contains { finding.hasPrefix($0) } }.compactMap {
        $0.split(separator: ":").last?.split { !$0.isNumber }.first.flatMap { Int64($0) }
      })
    let numbers = windows.sorted().map(String.init).joined(separator: ",")
    let tables = [
      "charge_window", "charge_event", "charge_refund", "clearing_line", "acquirer_record",
    ]
    return try await house.texts(
      tables.map {
        """
        select concat_ws(' ', '\($0)', t.*) as line from \($0) t
        where window_id = any('{\(numbers)}'::int8[])
        """
      }.joined(separator: " union all ") + " order by line")
  }
}
