/// What the database holds of the riders that findings name, to see how it came about.
enum BooksEvidence {
  static func lines(_ findings: [String], _ house: BooksHouse) async throws -> [String] {
    let riders = Set(
      findings.flatMap { $0.split { !($0.isHexDigit || $0 == "-") } }.filter { $0.count == 36 })
    return try await house.texts(
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
      order by 1
      """)
  }
}
